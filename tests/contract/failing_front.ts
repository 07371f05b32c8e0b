/** A program of the front's thread that fails as it is told: by the path of a request. */
import { parentPort } from "node:worker_threads";
import type { FrontReport } from "../../src/rest/front/front_messages.ts";
import "../../src/rest/front/front_worker.ts";

/** Megabytes of which so many are more than the thread may have; if it may after all, the test fails and not the machine. */
const TOO_MUCH = 400;

const port = parentPort!;
const post = port.postMessage.bind(port);
let isSilent = false;

/** Ways to fail, by path; after `/silence`, nothing is said any more. */
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
