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
  if ("kind" in question && question.kind === "open") file = new RegistrationFile(question.path, send);
  if (file === undefined) return { kind: "failed", reason: "it was not opened" };
  if (question instanceof ArrayBuffer) {
    file.write(question);
    return "done";
  }
  switch (question.kind) {
    case "open":
      file.open();
      return "done";
    case "load":
      return { kind: "part", ...file.load(question.after, question.now) };
    case "sweep":
      file.sweep(question.expiredAt);
      return "done";
    case "close":
      file.close();
      return "done";
  }
}

function send(report: Report): void {
  const isPart = typeof report === "object" && report.kind === "part";
  parentPort?.postMessage(report, isPart ? [report.rows] : []);
}

parentPort?.on("message", (question: Question) => send(answer(question)));
