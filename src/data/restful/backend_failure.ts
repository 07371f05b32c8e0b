/** A failed request to a backend. The message completes "it cannot be read: …" and holds no secret. */
export class BackendFailure extends Error {
  override readonly name: string = "BackendFailure";
  /** The status of the answer or its body; 0 without an answer. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }

  /** Reports whether the resource does not exist, which is no fault. */
  get isAbsence(): boolean {
    return ABSENCES.has(this.status);
  }
}

/** Not Found, Method Not Allowed, Gone, Not Implemented. */
const ABSENCES: ReadonlySet<number> = new Set([404, 405, 410, 501]);

/** An answer that is not of this protocol. */
export class FaultyAnswer extends BackendFailure {
  override readonly name = "FaultyAnswer";
  /** As in `Fault`. */
  readonly found: string;
  readonly expected: string;

  constructor(found: string, expected: string) {
    super(200, `it answers with ${found}, expected ${expected}`);
    this.found = found;
    this.expected = expected;
  }
}

const MAX_REASON_LENGTH = 120;

const REASONS: readonly (readonly [RegExp, string])[] = [
  [/connection refused|os error 111\b/i, "connection refused"],
  [/dns error|failed to lookup|name or service not known/i, "unknown host"],
  [/UnknownIssuer|CaUsedAsEndEntity/, "its certificate is signed by nobody who is trusted"],
  [/NotValidForName/, "its certificate is for another name"],
  [/certificate.*expired|Expired/i, "its certificate has expired"],
  [/invalid peer certificate/i, "its certificate is not valid"],
  [/InvalidContentType|corrupt message/i, "it does not speak TLS"],
  [/unreachable|no route/i, "unreachable"],
  [
    /reset|broken pipe|closed|incomplete|unexpected (?:eof|end)|end of file|error reading a body/i,
    "connection lost",
  ],
];

/** Returns the reason of a failed `fetch` in a few words, without the address. */
export function describeNetworkError(error: unknown): string {
  if (!(error instanceof Error)) return "unknown reason";
  const text = error.cause instanceof Error ? error.cause.message : error.message;
  const reason = REASONS.find(([pattern]) => pattern.test(text));
  return reason?.[1] ?? text.replace(/ for url \([^)]*\)/g, "").slice(0, MAX_REASON_LENGTH);
}
