/** Calls between phones of a ladder. */
import type { Phone, PhoneOptions } from "./phone.ts";
import type { Network } from "./scenario.ts";

/** An answered call of alice to bob, and the dialog as each side has it. */
export interface AnsweredCall {
  readonly alice: Phone;
  readonly bob: Phone;
  /** The INVITE as bob got it. */
  readonly atBob: string;
  readonly caller: { readonly invite: string; readonly ok: string; readonly cseq: number };
  readonly callee: { readonly invite: string; readonly ok: string; readonly cseq: number };
}

export interface CallOptions {
  readonly alice?: Partial<PhoneOptions>;
  readonly bob?: Partial<PhoneOptions>;
  /** True when bob's phone rings before it answers. */
  readonly rings?: boolean;
}

export function callBob(net: Network, options: CallOptions = {}): AnsweredCall {
  const alice = net.phone("alice", options.alice);
  const bob = net.registered("bob", options.bob);
  const invite = alice.invite("sip:bob@sip.local");
  const atBob = bob.expect("INVITE");
  if (options.rings) {
    bob.answer(atBob, "180 Ringing");
    alice.expect("180");
  }
  const sentOk = bob.accept(atBob);
  const ok = alice.expect("200");
  return {
    alice,
    bob,
    atBob,
    caller: { invite, ok, cseq: 50 },
    callee: { invite: atBob, ok: sentOk, cseq: 7 },
  };
}
