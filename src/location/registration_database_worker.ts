/** The program of the thread that owns the registration database. */
import { parentPort } from "node:worker_threads";
import type { Answer, Question, Report } from "./registration_database_messages.ts";
import { RegistrationFile } from "./registration_file.ts";

let file: RegistrationFile | undefined;

async function answer(question: Question): Promise<Answer> {
  try {
    return await execute(question);
  } catch (error) {
    return { kind: "failed", reason: error instanceof Error ? error.message : String(error) };
  }
}

async function execute(question: Question): Promise<Answer> {
  if ("kind" in question && question.kind === "open") file = new RegistrationFile(question.path, send);
  if (file === undefined) return { kind: "failed", reason: "it was not opened" };
  if (question instanceof ArrayBuffer) {
    await file.write(question);
    return question;
  }
  switch (question.kind) {
    case "open":
      await file.open();
      return "done";
    case "load": {
      const part = await file.load(question.after, question.now);
      return part ? { kind: "part", ...part } : "done";
    }
    case "sweep":
      await file.sweep(question.expiredAt);
      return "done";
    case "close":
      file.close();
      return "done";
  }
}

function send(report: Report): void {
  parentPort?.postMessage(report, report instanceof ArrayBuffer ? [report] : []);
}

let answered = Promise.resolve();
parentPort?.on("message", (question: Question) => {
  answered = answered.then(async () => send(await answer(question)));
});
