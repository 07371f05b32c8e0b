/** What the name system tells about a name (RFC 1035, RFC 2782, RFC 3403). */

/** A server of a service (RFC 2782). */
export interface SrvRecord {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  /** Lower case, no dot at its end; `.` when the service is decidedly not there. */
  readonly target: string;
}

/** A rule that leads from a domain to a service (RFC 3403 §4.1). */
export interface NaptrRecord {
  readonly order: number;
  readonly preference: number;
  readonly flags: string;
  readonly service: string;
  readonly regexp: string;
  /** Lower case, no dot at its end; `.` when there is none. */
  readonly replacement: string;
}

/** What a record of each type holds. Addresses are as in URIs: IPv6 in brackets. */
export interface RecordOf {
  readonly A: string;
  readonly AAAA: string;
  readonly SRV: SrvRecord;
  readonly NAPTR: NaptrRecord;
}

export type RecordType = keyof RecordOf;

/** SRV come by priority, NAPTR by order and preference; the rest as the server sent them. */
export interface Answer<T extends RecordType> {
  readonly kind: "answer";
  /** At least one, at most `MAX_RECORDS`. */
  readonly records: readonly RecordOf[T][];
}

/** What is known about a name and type: its records, that it has none, or nothing because no server would say. */
export type Resolution<T extends RecordType> = Answer<T> | None | Failure;

export interface None {
  readonly kind: "none";
}

export interface Failure {
  readonly kind: "failure";
}

export const NONE: None = { kind: "none" };
export const FAILURE: Failure = { kind: "failure" };

/** More than that of one name are not kept. */
export const MAX_RECORDS = 64;

/** The records of a resolution; empty when it has none. */
export function recordsOf<T extends RecordType>(resolution: Resolution<T>): readonly RecordOf[T][] {
  return resolution.kind === "answer" ? resolution.records : [];
}
