/** The messages between the server and the thread of the registration database. */
import type { StoredRow } from "./stored_row.ts";

export type Question =
  | { readonly kind: "open"; readonly path: string }
  /** Asks for the rows that follow the row with this number, or for the first ones, without expired rows. */
  | { readonly kind: "load"; readonly after: number | undefined; readonly now: number }
  /** Also removes the rows that have expired by `expiredAt`. */
  | { readonly kind: "write"; readonly rows: readonly StoredRow[]; readonly expiredAt: number | undefined }
  | { readonly kind: "close" };

/** The answer to a question; answers come in the order of the questions. */
export type Answer =
  | { readonly kind: "done" }
  /** `last` is undefined when nothing follows. */
  | { readonly kind: "part"; readonly rows: readonly StoredRow[]; readonly last: number | undefined }
  | { readonly kind: "failed"; readonly reason: string };

/** An event of the database file, sent before the answer. */
export type Notice =
  | { readonly kind: "removed" }
  /** `name` is the new path of the damaged file. */
  | { readonly kind: "quarantined"; readonly name: string; readonly reason: string };

export type Report = Answer | Notice;
