/** What Redis has for a binding: its record, or that it is gone, until it would have expired. */
import * as z from "zod";
import { type BindingRecord, bindingRecord } from "../binding_record.ts";

/** What tells which of two entries for a binding is the later one. */
export interface EntryOrder {
  readonly callId: string;
  readonly cseq: number;
  /** Wall clock, milliseconds. */
  readonly updatedAt: number;
  readonly gone?: boolean;
}

const place = {
  aor: z.string(),
  /** Which of its bindings. */
  id: z.string(),
  /** Milliseconds until it expires, when it was written: clocks of nodes may differ. */
  lifetime: z.number(),
};

const entry = z.union([
  z.object({
    ...place,
    gone: z.literal(true),
    callId: z.string(),
    cseq: z.number(),
    updatedAt: z.number(),
  }),
  z.object({ ...place, ...bindingRecord.shape, gone: z.undefined().optional() }),
]);

export type BindingEntry = z.output<typeof entry>;

/** Undefined when it is none, or one of a release that is not known here. */
export function readEntry(value: unknown): BindingEntry | undefined {
  return entry.safeParse(value).data;
}

/** The record with times as this node's clock has them. */
export function recordOfEntry(
  binding: BindingRecord,
  { lifetime, wallTime }: { lifetime: number; wallTime: number },
): BindingRecord {
  return { ...binding, updatedAt: Math.min(binding.updatedAt, wallTime), expiresAt: wallTime + lifetime };
}

/** Calls have their order (§10.3 step 7); between calls, time tells. The script in `binding_keys.ts` says the same. */
export function isLater(entry: EntryOrder, known: EntryOrder): boolean {
  const isSameCall = entry.callId === known.callId;
  if (entry.gone) return isSameCall ? entry.cseq >= known.cseq : entry.updatedAt >= known.updatedAt;
  // A device that begins anew may count from 1 again.
  if (known.gone) return isSameCall && entry.cseq > known.cseq || entry.updatedAt > known.updatedAt;
  return isSameCall ? entry.cseq > known.cseq : entry.updatedAt > known.updatedAt;
}
