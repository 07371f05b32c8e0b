/** Call records for billing: one JSON object a line (`spec.cdr`). */
import { systemClock } from "../runtime/clock.ts";
import { resolve } from "node:path";
import type { Configuration } from "../config/configuration.ts";
import type { ServerEvent } from "../core/server_events.ts";
import { logger } from "../runtime/log.ts";

const log = logger("cdr");

/** Lines are gathered for this time before they are written. */
const WRITE_DELAY_MS = 500;
/** UTF-16 units that may wait for a disk that is slow or full. */
const MAX_WAITING_LENGTH = 16 * 1024 * 1024;

/** Returns the destinations that the configuration names. */
export function openCallRecords(
  { path, stdout }: Configuration["cdr"],
  directory: string,
): readonly CallRecordFile[] {
  return [
    ...path === undefined ? [] : [new CallRecordFile(resolve(directory, path))],
    ...stdout ? [new CallRecordFile(undefined)] : [],
  ];
}

/** Returns the record of an event `call.ended`. */
export function callRecord({ data }: ServerEvent): string {
  const { startedAt, answeredAt, endedAt, durationMillis, state: _, ...call } = data;
  return JSON.stringify({
    ...call,
    startedAt: iso(startedAt),
    ...answeredAt !== undefined && { answeredAt: iso(answeredAt) },
    endedAt: iso(endedAt),
    ...typeof durationMillis === "number" && { durationSeconds: Math.round(durationMillis / 1000) },
  });
}

function iso(time: unknown): string {
  return new Date(Number(time)).toISOString();
}

/** Appends records. A file that was moved away is created again, so that it can be rotated. */
export class CallRecordFile {
  readonly #path: string | undefined;
  #lines: string[] = [];
  /** UTF-16 units that are not written yet. */
  #waitingLength = 0;
  #alarm: unknown;
  #writing: Promise<void> = Promise.resolve();
  #isFailing = false;
  /** The file may end within a line: a full disk takes a part of it. */
  #endsWithinLine = false;

  /** @param path standard output if undefined */
  constructor(path: string | undefined) {
    this.#path = path;
  }

  /** Adds a record. Never throws: lost records are logged once. */
  add(event: ServerEvent): void {
    if (event.type !== "call.ended") return;
    if (this.#waitingLength > MAX_WAITING_LENGTH) return this.#lose("too many are waiting to be written");
    const line = `${callRecord(event)}\n`;
    this.#lines.push(line);
    this.#waitingLength += line.length;
    this.#alarm ??= systemClock.setAlarm(() => this.#flush(), WRITE_DELAY_MS);
  }

  async close(): Promise<void> {
    systemClock.clearAlarm(this.#alarm);
    this.#flush();
    await this.#writing;
  }

  #flush(): void {
    this.#alarm = undefined;
    const text = this.#lines.join("");
    this.#lines = [];
    if (text === "") return;
    this.#writing = this.#writing.then(() => this.#write(text)).finally(() =>
      this.#waitingLength -= text.length
    );
  }

  async #write(text: string): Promise<void> {
    try {
      await this.#append(new TextEncoder().encode(this.#endsWithinLine ? `\n${text}` : text));
      this.#isFailing = this.#endsWithinLine = false;
    } catch (error) {
      this.#endsWithinLine = true;
      this.#lose(error);
    }
  }

  async #append(bytes: Uint8Array): Promise<void> {
    if (this.#path !== undefined) return Deno.writeFile(this.#path, bytes, { append: true, mode: 0o640 });
    for (let at = 0; at < bytes.length;) at += await Deno.stdout.write(bytes.subarray(at));
  }

  #lose(error: unknown): void {
    if (!this.#isFailing) log.error("Records of calls are lost: {error}", { error });
    this.#isFailing = true;
  }
}
