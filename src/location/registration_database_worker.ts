/** The program of the thread that has the registration database. */
import { parentPort } from "node:worker_threads";
import type { StoredRow } from "./registration_database.ts";
import { RegistrationFile } from "./registration_file.ts";

export type Question =
  | { readonly kind: "open"; readonly path: string }
  /** The part after the row with this number, or else the first, without what has expired. */
  | { readonly kind: "load"; readonly after: number | undefined; readonly now: number }
  /** `expiredAt`: what has expired by then is removed too. */
  | { readonly kind: "write"; readonly rows: readonly StoredRow[]; readonly expiredAt: number | undefined }
  | { readonly kind: "close" };

/** One to each question, in their order. */
export type Answer =
  | { readonly kind: "done" }
  /** `last` is undefined when nothing follows. */
  | { readonly kind: "part"; readonly rows: readonly StoredRow[]; readonly last: number | undefined }
  | { readonly kind: "failed"; readonly reason: string };

/** What happened to the file, told before the answer. */
export type Notice =
  | { readonly kind: "removed" }
  /** `name` is what the file is called now. */
  | { readonly kind: "set aside"; readonly name: string; readonly reason: string };

export type Report = Answer | Notice;

let file: RegistrationFile | undefined;

function answer(question: Question): Answer {
  try {
    return doAsAsked(question);
  } catch (error) {
    return { kind: "failed", reason: error instanceof Error ? error.message : String(error) };
  }
}

function doAsAsked(question: Question): Answer {
  if (question.kind === "open") file = new RegistrationFile(question.path, tell);
  if (file === undefined) return { kind: "failed", reason: "it was not opened" };
  switch (question.kind) {
    case "open":
      file.open();
      return { kind: "done" };
    case "load":
      return { kind: "part", ...file.load(question.after, question.now) };
    case "write":
      file.write(question.rows, question.expiredAt);
      return { kind: "done" };
    case "close":
      file.close();
      return { kind: "done" };
  }
}

function tell(report: Report): void {
  parentPort?.postMessage(report);
}

parentPort?.on("message", (question: Question) => tell(answer(question)));
