/** A server-sent event (WHATWG HTML §9.2). */
export interface SentEvent {
  readonly id: string | undefined;
  /** `message` by default. */
  readonly type: string;
  readonly data: string;
}

/** Reads complete events. Skips comments, which keep the connection alive, and an event cut off by the end. */
export async function* readEvents(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<SentEvent> {
  let event = new EventDraft();
  for await (const line of linesOf(bytes)) {
    if (line !== "") event.add(line);
    else {
      const whole = event.finished();
      if (whole !== undefined) yield whole;
      event = new EventDraft();
    }
  }
}

class EventDraft {
  readonly #data: string[] = [];
  #id: string | undefined;
  #type = "message";

  add(line: string): void {
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") this.#data.push(value);
    else if (name === "event") this.#type = value;
    else if (name === "id") this.#id = value;
  }

  finished(): SentEvent | undefined {
    if (this.#data.length === 0) return undefined;
    return { id: this.#id, type: this.#type, data: this.#data.join("\n") };
  }
}

/** Splits bytes into lines that end with CR LF or LF; drops an unfinished one. */
async function* linesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of bytes) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield line.replace(/\r$/, "");
  }
}
