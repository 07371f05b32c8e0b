/** Records of calls: a JSON object a line, for whoever bills, counts or searches (`spec.cdr`). */
import type { ServerEvent } from "../core/server_events.ts";
import { logger } from "../runtime/log.ts";

const log = logger("cdr");

/** Milliseconds that lines are gathered before they are written. */
const INTERVAL = 500;
/** UTF-16 units that may wait for a disk that does not take them. */
const MOST_WAITING = 16 * 1024 * 1024;

export interface CallRecordOptions {
  /** Undefined: standard output. */
  readonly path: string | undefined;
}

/** The record of a call that has ended. */
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

/** Appends records; a file that was moved away is made anew, so that it can be rotated. */
export class CallRecordFile {
  readonly #path: string | undefined;
  #lines: string[] = [];
  /** UTF-16 units that wait, or are on their way. */
  #length = 0;
  #alarm: ReturnType<typeof setTimeout> | undefined;
  #writing: Promise<void> = Promise.resolve();
  #isFailing = false;
  /** Whether the file may end in the beginning of a line: a disk that gets full takes part of what is written. */
  #isCut = false;

  constructor({ path }: CallRecordOptions) {
    this.#path = path;
  }

  /** Never waits, and never fails: what cannot be written is told once and lost. */
  add(event: ServerEvent): void {
    if (event.type !== "call.ended") return;
    if (this.#length > MOST_WAITING) return this.#lose("too many are waiting to be written");
    const line = `${callRecord(event)}\n`;
    this.#lines.push(line);
    this.#length += line.length;
    this.#alarm ??= setTimeout(() => this.#flush(), INTERVAL);
  }

  async close(): Promise<void> {
    clearTimeout(this.#alarm);
    this.#flush();
    await this.#writing;
  }

  #flush(): void {
    this.#alarm = undefined;
    const text = this.#lines.join("");
    this.#lines = [];
    if (text === "") return;
    this.#writing = this.#writing.then(() => this.#write(text)).finally(() => this.#length -= text.length);
  }

  async #write(text: string): Promise<void> {
    try {
      await this.#append(new TextEncoder().encode(this.#isCut ? `\n${text}` : text));
      this.#isFailing = this.#isCut = false;
    } catch (error) {
      this.#isCut = true;
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
