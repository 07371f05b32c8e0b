/** A program of the front's thread that fails as it is told: by the path of a request for it, or not at all. */
import { parentPort } from "node:worker_threads";
import type { FrontReport } from "../../src/rest/front/front_messages.ts";
import "../../src/rest/front/front_worker.ts";

/** Ways to fail, by path. */
const FAILURES: Readonly<Record<string, () => void>> = {
  "/throw": () => {
    throw new Error("It was told to fail");
  },
  "/exit": () => Deno.exit(1),
  "/stuck": () => {
    for (;;);
  },
  "/memory": () => {
    for (const all: unknown[] = [];;) all.push(new Array(1000).fill(0.5));
  },
};

const port = parentPort!;
const post = port.postMessage.bind(port);
port.postMessage = (report: FrontReport, ...rest: unknown[]) => {
  const failure = report.kind === "request" ? FAILURES[new URL(report.request.url).pathname] : undefined;
  if (failure !== undefined) setTimeout(failure);
  else Reflect.apply(post, port, [report, ...rest]);
};
