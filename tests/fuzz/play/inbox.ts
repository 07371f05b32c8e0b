/** What a wire has received: the latest message of each kind, and the latest nonce. */

/** Kinds remembered; damaged methods make new ones. */
const MAX_KINDS = 64;

export class Inbox {
  /** The latest nonce, "" before the first challenge. */
  nonce = "";
  /** Messages received. */
  count = 0;
  readonly #latest = new Map<string, string>();
  #nonceCount = 0;

  put(message: string): void {
    this.count++;
    const kinds = kindsOf(message);
    if (this.#latest.size > MAX_KINDS) this.#latest.clear();
    for (const kind of kinds) this.#latest.set(kind, message);
    if (!kinds[0].startsWith("401/") && !kinds[0].startsWith("407/")) return;
    const nonce = /nonce="([^"]*)"/.exec(message)?.[1];
    if (nonce === undefined || nonce === this.nonce) return;
    this.nonce = nonce;
    this.#nonceCount = 0;
  }

  /** The latest message of a kind: `INVITE`, `200/INVITE` or `2xx/INVITE`. */
  latest(kind: string): string | undefined {
    return this.#latest.get(kind);
  }

  /** The next count of the nonce, as credentials have it. */
  nextCount(): string {
    return (++this.#nonceCount).toString(16).padStart(8, "0");
  }

  /** Forgets messages; the nonce stays good. */
  clear(): void {
    this.#latest.clear();
  }

  forgetNonce(): void {
    this.nonce = "";
  }
}

function kindsOf(message: string): string[] {
  if (!message.startsWith("SIP/2.0 ")) return [message.slice(0, message.indexOf(" "))];
  const method = /^CSeq[ \t]*:\s*\d+\s+(\S+)/im.exec(message)?.[1] ?? "";
  return [`${message.slice(8, 11)}/${method}`, `${message[8]}xx/${method}`];
}
