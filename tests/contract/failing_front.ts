/** A program of the front's thread that fails as the path of a request demands. */
import { parentPort } from "node:worker_threads";
import type { FrontReport } from "../../src/rest/front/front_messages.ts";
import "../../src/rest/front/front_worker.ts";

/** Allocated megabytes: more than the thread may have, and little enough for the machine. */
const TOO_MUCH = 400;

const port = parentPort!;
const post = port.postMessage.bind(port);
let isSilent = false;

/** Failures by path. */
const FAILURES: Readonly<Record<string, () => void>> = {
  "/throw": () => {
    throw new Error("It was told to fail");
  },
  "/exit": () => Deno.exit(1),
  "/leak": () => {
    const all: number[][] = [];
    const megabyte = () => new Array<number>(131_072).fill(Math.random());
    const timer = setInterval(() => all.push(megabyte()) > TOO_MUCH && clearInterval(timer), 1);
  },
};

port.postMessage = (report: FrontReport, ...rest: unknown[]) => {
  const path = report.kind === "request" ? new URL(report.request.url).pathname : "";
  const failure = FAILURES[path];
  if (path === "/silence") isSilent = true;
  if (failure !== undefined) setTimeout(failure);
  else if (!isSilent) Reflect.apply(post, port, [report, ...rest]);
};
