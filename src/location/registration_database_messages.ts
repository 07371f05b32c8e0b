/** The messages between the server and the thread of the registration database. */

export type Question =
  | { readonly kind: "open"; readonly path: string }
  /** Asks for the rows that follow the part with this number, or for the first ones, without expired rows. */
  | { readonly kind: "load"; readonly after: number | undefined; readonly now: number }
  /** Removes the rows that have expired by `expiredAt`. */
  | { readonly kind: "sweep"; readonly expiredAt: number }
  | { readonly kind: "close" }
  /** Rows to write, as `RowBatch` has them. Deno looks through a message for ports unless it is a plain buffer or text. */
  | ArrayBuffer;

/** The answer to a question; answers come in the order of the questions. */
export type Answer =
  | "done"
  /** The buffer of rows that have been written, to be used again. */
  | ArrayBuffer
  /** Rows to load, and the number to ask for those that follow; "done" when there are none. */
  | { readonly kind: "part"; readonly rows: ArrayBuffer; readonly last: number }
  | Failure;

export interface Failure {
  readonly kind: "failed";
  readonly reason: string;
}

/** An event of the database file, sent before the answer. */
export type Notice =
  | { readonly kind: "removed" }
  /** `name` is the new path of the damaged file. */
  | { readonly kind: "quarantined"; readonly name: string; readonly reason: string };

export type Report = Answer | Notice;

export function isFailure(answer: Answer): answer is Failure {
  return typeof answer === "object" && "kind" in answer && answer.kind === "failed";
}

export function isNotice(report: Report): report is Notice {
  return typeof report === "object" && "kind" in report &&
    (report.kind === "removed" || report.kind === "quarantined");
}
