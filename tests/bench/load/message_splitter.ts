/** Cuts what comes from a stream into messages by Content-Length; keep-alives between them are skipped. */
export class MessageSplitter {
  readonly #onMessage: (text: string) => void;
  #rest = "";

  constructor(onMessage: (text: string) => void) {
    this.#onMessage = onMessage;
  }

  /** @param chunk latin1: a byte a character */
  push(chunk: string): void {
    this.#rest = this.#rest === "" ? chunk : this.#rest + chunk;
    while (this.#rest !== "") {
      if (this.#rest.startsWith("\r\n")) {
        this.#rest = this.#rest.slice(2);
        continue;
      }
      const headEnd = this.#rest.indexOf("\r\n\r\n");
      if (headEnd < 0) return;
      const length = /\r\nContent-Length: *(\d+)\r\n/i.exec(this.#rest.slice(0, headEnd + 2));
      const end = headEnd + 4 + Number(length?.[1] ?? 0);
      if (this.#rest.length < end) return;
      const message = this.#rest.slice(0, end);
      this.#rest = this.#rest.slice(end);
      this.#onMessage(message);
    }
  }
}
