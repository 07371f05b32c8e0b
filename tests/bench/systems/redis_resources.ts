/** A redis-server of its own with the resources of a directory, in the layout of Routr v1. */
import { Redis } from "ioredis";
import { freePort } from "../process/local_port.ts";
import { RunningProcess } from "../process/running_process.ts";
import type { Document } from "../../support/resources.ts";
import { readDocuments } from "./resource_documents.ts";

export interface KeptResources {
  readonly port: number;
  /** Puts a document in the place of the one at its ref, by one SET as an operator would. */
  replace(ref: string, document: Document): Promise<void>;
  /** The document at a ref. */
  find(ref: string): Promise<Document>;
  end(): Promise<void>;
}

/** Milliseconds until it takes connections. */
const START_TIMEOUT = 10_000;
/** Commands that are sent together. */
const BATCH = 1000;

/** Without a disk, and with the notifications by which plain commands are noticed at once. */
export async function startRedisWith(directory: string): Promise<KeptResources> {
  const port = freePort();
  const process = new RunningProcess({
    path: "redis-server",
    args: [
      ...["--port", String(port), "--bind", "127.0.0.1", "--dir", directory, "--save", ""],
      ...["--appendonly", "no", "--notify-keyspace-events", "K$sg"],
    ],
  });
  await process.untilOutput(/Ready to accept connections/, START_TIMEOUT);
  const client = new Redis({ host: "127.0.0.1", port });
  await fillWith(client, directory);
  return {
    port,
    async replace(ref, document) {
      await client.set(ref, JSON.stringify(document));
    },
    async find(ref) {
      return JSON.parse(await client.get(ref) ?? "null");
    },
    async end() {
      client.disconnect();
      await process.end();
    },
  };
}

/** Writes the resources of a directory, all or those of one collection. */
export async function fillWith(client: Redis, directory: string, only?: string): Promise<void> {
  for (const [collection, documents] of Object.entries(await readDocuments(directory))) {
    if (only === undefined || collection === only) await fill(client, collection, documents);
  }
}

async function fill(client: Redis, collection: string, documents: readonly Document[]): Promise<void> {
  for (let begin = 0; begin < documents.length; begin += BATCH) {
    const pipeline = client.pipeline();
    for (const document of documents.slice(begin, begin + BATCH)) {
      const { ref } = document.metadata as { readonly ref: string };
      pipeline.set(ref, JSON.stringify(document)).sadd(collection, ref);
    }
    await pipeline.exec();
  }
}
