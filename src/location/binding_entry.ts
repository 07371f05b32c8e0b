/** A binding as nodes share it: its record, or the fact that it was removed, until it would have expired. */
import * as z from "zod";
import { type BindingRecord, bindingRecord } from "./binding_record.ts";

/** The properties that decide which of two entries for a binding is later. */
export interface EntryOrder {
  readonly callId: string;
  readonly cseq: number;
  /** Wall clock, milliseconds. */
  readonly updatedAt: number;
  readonly gone?: boolean | undefined;
}

const key = {
  aor: z.string(),
  /** `bindingId` of the binding. */
  id: z.string(),
  /** Milliseconds until it expires, at the time of writing: clocks of nodes may differ. */
  lifetime: z.number(),
};

const entry = z.union([
  z.object({ ...key, gone: z.literal(true), callId: z.string(), cseq: z.number(), updatedAt: z.number() }),
  z.object({ ...key, ...bindingRecord.shape, gone: z.undefined().optional() }),
]);

export type BindingEntry = z.output<typeof entry>;

/** Returns undefined for other values, and for entries of an unknown release. */
export function readEntry(value: unknown): BindingEntry | undefined {
  return entry.safeParse(value).data;
}

/** Returns the record with times by this node's clock. */
export function recordOfEntry(
  binding: BindingRecord,
  { lifetime, wallTime }: { lifetime: number; wallTime: number },
): BindingRecord {
  return { ...binding, updatedAt: Math.min(binding.updatedAt, wallTime), expiresAt: wallTime + lifetime };
}

/**
 * Orders entries of one call by CSeq (§10.3 step 7), and entries of different calls by time. The script in
 * `redis/binding_keys.ts` has the same rule.
 */
export function isLater(entry: EntryOrder, known: EntryOrder): boolean {
  const isSameCall = entry.callId === known.callId;
  if (entry.gone) return isSameCall ? entry.cseq >= known.cseq : entry.updatedAt >= known.updatedAt;
  // A device that registers again may count from 1.
  if (known.gone) return isSameCall && entry.cseq > known.cseq || entry.updatedAt > known.updatedAt;
  return isSameCall ? entry.cseq > known.cseq : entry.updatedAt > known.updatedAt;
}
