/** Flow tokens whose signature is known to be right, because the ACK and the BYE of a call bring the token of its INVITE. */
import { hashText, tableHash } from "../../runtime/table_hash.ts";
import { codeAt, detachText } from "../../runtime/text.ts";

/** Digits at the beginning of a token. */
export const SIGNATURE_LENGTH = 16;

/** A flow token, the dialog that it was signed for, and its parts. */
export interface SignedToken {
  readonly token: string;
  readonly callId: string;
  readonly callerTag: string;
  readonly isSecure: boolean;
  /** The texts of both flows. */
  readonly caller: string;
  readonly callee: string;
  readonly annotations: string;
}

/** Of two dialogs in one slot the later one is remembered. */
const SLOTS = 1 << 12;
/** Characters of a token, its Call-ID and its tag. */
const MAX_LENGTH = 512;

export class SignedTokens {
  readonly #slots = new Array<SignedToken | undefined>(SLOTS).fill(undefined);

  /** Finds a token by everything but the caller's tag. */
  find(token: string, callId: string, isSecure: boolean): SignedToken | undefined {
    const signed = this.#slots[slotOf(callId)];
    const isKnown = signed !== undefined && signed.callId === callId && signed.isSecure === isSecure &&
      haveSameSignature(signed.token, token) && signed.token === token;
    return isKnown ? signed : undefined;
  }

  /** Remembers a token, which has to be no part of a message, unless peers have made it long; returns it. */
  remember(signed: SignedToken): SignedToken {
    const { token, callId, callerTag, isSecure, caller, callee, annotations } = signed;
    if (token.length + callId.length + callerTag.length > MAX_LENGTH) return signed;
    this.#slots[slotOf(callId)] = {
      token,
      callId: detachText(callId),
      callerTag: detachText(callerTag),
      isSecure,
      caller,
      callee,
      annotations,
    };
    return signed;
  }
}

/** Takes the same time whatever the signatures are: it must not tell how much of a forged one is right. */
function haveSameSignature(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < SIGNATURE_LENGTH; i++) difference |= codeAt(a, i) ^ codeAt(b, i);
  return difference === 0;
}

function slotOf(callId: string): number {
  return tableHash(hashText(callId, 0)) & (SLOTS - 1);
}
