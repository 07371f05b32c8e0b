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
  /** As `FlowTexts` writes it. */
  moved: z.optional(z.string()),
});

const dialogRecord = z.object({
  id: z.string(),
  /** The flow token. */
  entry: z.string(),
  caller: end,
  callee: end,
  isCall: z.boolean(),
  /** Wall clock, milliseconds since 1970. */
  subscribedUntil: z.number(),
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
    const { id, flowToken, caller, callee, isCall, subscribedUntil } = dialog;
    const record: z.output<typeof dialogRecord> = {
      id,
      entry: flowToken,
      caller: this.#recordOfEnd(caller),
      callee: this.#recordOfEnd(callee),
      isCall,
      subscribedUntil: subscribedUntil === 0 ? 0 : subscribedUntil - clock.now() + clock.wallTime(),
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
    dialog.subscribedUntil = subscribedUntil === 0 ? 0 : subscribedUntil - clock.wallTime() + now;
    return dialog.isAlive(now) ? dialog : undefined;
  }

  #recordOfEnd({ party, address, uri, target, routes, moved }: DialogEnd): EndRecord {
    return {
      address,
      uri,
      party: party && this.#recordOfParty(party),
      target,
      routes,
      moved: moved && this.#parts.flows.textOf(moved),
    };
  }

  #recordOfParty(party: DialogParty): PartyRecord {
    if (party.kind === "gateway") return party;
    const { account, ...rest } = party;
    return { ...rest, proof: account && this.#parts.accountMacs.of(account) };
  }

  #endOfRecord({ party, address, uri, target, routes, moved }: EndRecord): DialogEnd {
    return {
      address,
      uri,
      party: party && this.#partyOfRecord(party),
      target,
      formerTarget: "",
      routes,
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
