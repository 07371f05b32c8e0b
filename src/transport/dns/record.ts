/** Records of DNS names (RFC 1035, RFC 2782, RFC 3403). */

/** A server of a service (RFC 2782). */
export interface SrvRecord {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  /** In lower case without a final dot; `.` when the service is not available. */
  readonly target: string;
}

/** A rule that leads from a domain to a service (RFC 3403 §4.1). */
export interface NaptrRecord {
  readonly order: number;
  readonly preference: number;
  readonly flags: string;
  readonly service: string;
  readonly regexp: string;
  /** In lower case without a final dot; `.` for none. */
  readonly replacement: string;
}

/** The contents of records by type. Addresses are in URI form, with IPv6 in brackets. */
export interface RecordOf {
  readonly A: string;
  readonly AAAA: string;
  readonly SRV: SrvRecord;
  readonly NAPTR: NaptrRecord;
}

export type RecordType = keyof RecordOf;

/** Records: SRV by priority, NAPTR by order and preference, others in received order. */
export interface Answer<T extends RecordType> {
  readonly kind: "answer";
  /** From one to `MAX_RECORDS`. */
  readonly records: readonly RecordOf[T][];
}

/** The result for a name and type: records, none, or a failure of all servers. */
export type Resolution<T extends RecordType> = Answer<T> | NoAnswer;

export interface NoAnswer {
  readonly kind: "none" | "failure";
}

export const NONE: NoAnswer = { kind: "none" };
export const FAILURE: NoAnswer = { kind: "failure" };

/** Records kept of one name. */
export const MAX_RECORDS = 64;

/** Returns the records of a resolution, which may be none. */
export function recordsOf<T extends RecordType>(resolution: Resolution<T>): readonly RecordOf[T][] {
  return resolution.kind === "answer" ? resolution.records : [];
}
