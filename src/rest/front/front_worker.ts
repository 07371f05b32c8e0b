/** The program of the thread with the HTTP listener. */
import "../../runtime/library_variables.ts";
import { repeat, sleep } from "../../runtime/clock.ts";
import { parentPort } from "node:worker_threads";
import { TlsContexts } from "../../transport/tls/tls_contexts.ts";
import { HAS_FULL_SERVERS } from "../../transport/tls/tls_runtime.ts";
import { returnSpareMemory } from "../../runtime/spare_memory.ts";
import { forwardLogs } from "./front_logs.ts";
import type { FrontCommand, FrontReport, FrontSettings, ListeningAddress } from "./front_messages.ts";
import { HttpListener } from "./http_listener.ts";
import { RequestRelay } from "./request_relay.ts";

const SWEEP_INTERVAL_MS = 1000;
/** Requests under way have this time when the service stops. */
const GRACE_MS = 1000;
/** Older runtimes report an answer as sent this long before it is. */
const FLUSH_MS = 300;

interface Front {
  readonly relay: RequestRelay;
  readonly listener: HttpListener;
}

let front: Front | undefined;
let lastCounts = "";

function tell(report: FrontReport, transfer?: ArrayBuffer[]): void {
  parentPort?.postMessage(report, transfer);
}

async function obey(command: FrontCommand): Promise<void> {
  switch (command.kind) {
    case "open":
      front = makeFront(command.settings);
      return await tellBound(front.listener.listen(command.settings.bindAddr, command.settings.port));
    case "move":
      return front && await tellBound(front.listener.listen(command.bindAddr, command.port));
    case "answer":
      return front?.relay.answer(command.id, command.head, command.body);
    case "begin":
      return front?.relay.begin(command.id, command.head);
    case "chunk":
      return front?.relay.chunk(command.id, command.bytes);
    case "end":
      return front?.relay.end(command.id);
    case "ping":
      return tell({ kind: "pong" });
    case "close":
      return await close();
  }
}

function makeFront({ limits, tls }: FrontSettings): Front {
  const contexts = tls && new TlsContexts(tls);
  const relay = new RequestRelay({ limits, contexts, tell });
  const onRequest: RequestRelay["take"] = (request, response) => relay.take(request, response);
  repeat(sweep, { intervalMs: SWEEP_INTERVAL_MS });
  return { relay, listener: new HttpListener({ limits, contexts, onRequest }) };
}

async function tellBound(listening: Promise<ListeningAddress>): Promise<void> {
  try {
    tell({ kind: "listening", bound: await listening });
  } catch (error) {
    tell({ kind: "failed", reason: error instanceof Error ? error.message : String(error) });
  }
}

function sweep(): void {
  front?.relay.sweep();
  tellCounts();
}

function tellCounts(): void {
  if (front === undefined) return;
  const { relay, listener } = front;
  const rejected = relay.rejected + listener.rejected;
  const { connections } = listener;
  const counts = `${rejected} ${connections}`;
  if (counts === lastCounts) return;
  lastCounts = counts;
  tell({ kind: "counts", rejected, connections });
}

async function close(): Promise<void> {
  front?.listener.stopListening();
  await Promise.race([front?.relay.close(), sleep(GRACE_MS)]);
  if (!HAS_FULL_SERVERS) await sleep(FLUSH_MS);
  front?.listener.destroy();
  tellCounts();
  tell({ kind: "closed" });
}

returnSpareMemory();
forwardLogs((record) => tell({ kind: "log", record }));
parentPort?.on("message", (command: FrontCommand) => void obey(command));
