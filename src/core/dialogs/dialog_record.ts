/** Dialogs as stored outside of the process. */
import * as z from "zod";
import type { Directory } from "../../data/directory.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { AccountMacs } from "../authentication/account_macs.ts";
import type { FlowTexts } from "../flows/flow_text.ts";
import { currentAccount, type DialogParty } from "../party.ts";
import { Dialog, type DialogEnd } from "./dialog.ts";

const party = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("account"),
    type: z.enum(["Agent", "Peer"]),
    username: z.string(),
    realm: z.string(),
    /** By `AccountMacs`. */
    proof: z.optional(z.string()),
  }),
  z.object({ kind: z.literal("gateway"), ref: z.string() }),
]);

const end = z.object({
  party: z.optional(party),
  address: z.string(),
  uri: z.string(),
  target: z.string(),
  routes: z.string(),
  routeValues: z.optional(z.array(z.string())),
  cseq: z.optional(z.number()),
  /** As `FlowTexts` writes it. */
  moved: z.optional(z.string()),
});

const callRecord = z.object({
  id: z.string(),
  callId: z.string(),
  from: z.string(),
  to: z.string(),
  account: z.optional(z.object({
    kind: z.enum(["agent", "peer", "gateway"]),
    ref: z.string(),
    name: z.string(),
  })),
  address: z.string(),
  transport: z.string(),
  direction: z.enum(["internal", "outbound", "inbound"]),
  gatewayRef: z.optional(z.string()),
  didRef: z.optional(z.string()),
  startedAt: z.number(),
  answeredAt: z.number(),
  endsAt: z.optional(z.number()),
});

/**
 * Added to the sequence numbers of a former process: rows are not written anew with each request, and numbers may have
 * gaps (§12.2.1.1).
 */
const CSEQ_GAP = 10_000;

const dialogRecord = z.object({
  id: z.string(),
  /** The flow token. */
  entry: z.string(),
  caller: end,
  callee: end,
  isCall: z.boolean(),
  /** Wall clock, milliseconds since 1970. */
  subscribedUntil: z.number(),
  call: z.optional(callRecord),
});

type EndRecord = z.output<typeof end>;
type PartyRecord = z.output<typeof party>;

export interface DialogRecordsParts {
  readonly clock: Pick<Clock, "now" | "wallTime">;
  readonly directory: Pick<Directory, "agent" | "peer">;
  readonly flows: FlowTexts;
  readonly accountMacs: AccountMacs;
}

export class DialogRecords {
  readonly #parts: DialogRecordsParts;

  constructor(parts: DialogRecordsParts) {
    this.#parts = parts;
  }

  write(dialog: Dialog): string {
    const { clock } = this.#parts;
    const { id, flowToken, caller, callee, isCall, subscribedUntil, call } = dialog;
    const record: z.output<typeof dialogRecord> = {
      id,
      entry: flowToken,
      caller: this.#recordOfEnd(caller),
      callee: this.#recordOfEnd(callee),
      isCall,
      subscribedUntil: subscribedUntil === 0 ? 0 : subscribedUntil - clock.now() + clock.wallTime(),
      call: isCall ? call?.record : undefined,
    };
    return JSON.stringify(record);
  }

  /** Reads a dialog; undefined for any other text, or when it is over. */
  read(text: string): Dialog | undefined {
    const { clock } = this.#parts;
    const { data: record } = dialogRecord.safeParse(parseJson(text));
    if (record === undefined) return undefined;
    const { id, entry: flowToken, isCall, subscribedUntil } = record;
    const now = clock.now();
    const [caller, callee] = [this.#endOfRecord(record.caller), this.#endOfRecord(record.callee)];
    const dialog = new Dialog(id, { flowToken, caller, callee, now });
    dialog.isCall = isCall;
    dialog.call = record.call && { record: record.call };
    dialog.subscribedUntil = subscribedUntil === 0 ? 0 : subscribedUntil - clock.wallTime() + now;
    return dialog.isAlive(now) ? dialog : undefined;
  }

  #recordOfEnd({ party, address, uri, target, routes, routeValues, cseq, moved }: DialogEnd): EndRecord {
    return {
      address,
      uri,
      party: party && this.#recordOfParty(party),
      target,
      routes,
      ...routeValues.length > 0 && { routeValues: [...routeValues] },
      cseq,
      moved: moved && this.#parts.flows.textOf(moved),
    };
  }

  #recordOfParty(party: DialogParty): PartyRecord {
    if (party.kind === "gateway") return party;
    const { account, ...rest } = party;
    return { ...rest, proof: account && this.#parts.accountMacs.of(account) };
  }

  #endOfRecord({ party, address, uri, target, routes, routeValues = [], cseq, moved }: EndRecord): DialogEnd {
    return {
      address,
      uri,
      party: party && this.#partyOfRecord(party),
      target,
      formerTarget: "",
      routes,
      routeValues,
      cseq: (cseq ?? 0) + CSEQ_GAP,
      moved: moved === undefined ? undefined : this.#parts.flows.find(moved),
    };
  }

  #partyOfRecord(record: PartyRecord): DialogParty {
    if (record.kind === "gateway") return record;
    const { directory, accountMacs } = this.#parts;
    const { proof, ...party } = record;
    const now = currentAccount(party, directory);
    return { ...party, account: now && accountMacs.of(now) === proof ? now : undefined };
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
