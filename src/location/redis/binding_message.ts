/** What one node tells the others about an address-of-record; made by the script `CHANGE_BINDINGS`. */
import * as z from "zod";
import { type BindingEntry, readEntry } from "./binding_entry.ts";

const message = z.object({
  node: z.object({ address: z.string(), epoch: z.string() }),
  aor: z.string(),
  entries: z.array(z.unknown()),
  /** Bindings whose connection has ended. */
  lost: z.array(z.object({ id: z.string(), callId: z.string(), cseq: z.number() })),
});

export interface BindingMessage extends Omit<z.output<typeof message>, "entries"> {
  readonly entries: readonly BindingEntry[];
}

/** Undefined when it is none: anybody with access to Redis may write to the channel. */
export function parseBindingMessage(text: string): BindingMessage | undefined {
  try {
    const { data } = message.safeParse(JSON.parse(text));
    if (data === undefined) return undefined;
    return { ...data, entries: data.entries.map(readEntry).filter((entry) => entry !== undefined) };
  } catch {
    return undefined;
  }
}
