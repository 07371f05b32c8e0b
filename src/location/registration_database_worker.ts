/** The program of the thread that owns the registration database. */
import { parentPort } from "node:worker_threads";
import type { Answer, Question, Report } from "./registration_database_messages.ts";
import { RegistrationFile } from "./registration_file.ts";

let file: RegistrationFile | undefined;

function answer(question: Question): Answer {
  try {
    return execute(question);
  } catch (error) {
    return { kind: "failed", reason: error instanceof Error ? error.message : String(error) };
  }
}

function execute(question: Question): Answer {
  if (question.kind === "open") file = new RegistrationFile(question.path, send);
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

function send(report: Report): void {
  parentPort?.postMessage(report);
}

parentPort?.on("message", (question: Question) => send(answer(question)));
