/** What one node tells the others about an address-of-record. */
import * as z from "zod";
import type { NodeRecord } from "../binding_record.ts";

/** A binding that is gone. */
export interface RemovedBinding {
  readonly id: string;
  readonly callId: string;
  readonly cseq: number;
}

const message = z.object({
  node: z.object({ address: z.string(), epoch: z.string() }),
  aor: z.string(),
  /** Records of bindings. */
  set: z.array(z.unknown()),
  removed: z.array(z.object({ id: z.string(), callId: z.string(), cseq: z.number() })),
});

export type BindingMessage = z.output<typeof message>;

/** @param set records of bindings, each as JSON */
export function formatBindingMessage(
  node: NodeRecord,
  aor: string,
  changes: { readonly set: readonly string[]; readonly removed: readonly RemovedBinding[] },
): string {
  return `{"node":${JSON.stringify(node)},"aor":${JSON.stringify(aor)},"set":[${changes.set.join(",")}],` +
    `"removed":${JSON.stringify(changes.removed)}}`;
}

/** Undefined when it is none: anybody with access to Redis may write to the channel. */
export function parseBindingMessage(text: string): BindingMessage | undefined {
  try {
    return message.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
