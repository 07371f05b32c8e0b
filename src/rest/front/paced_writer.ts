import { systemClock } from "../../runtime/clock.ts";
import type http from "node:http";

/** Bytes passed to the system at a time: small pieces show whether the client reads. */
const PIECE_BYTES = 64 * 1024;

/** Writes the body of a response as fast as its client takes it, and counts what waits. */
export class PacedWriter {
  readonly #response: http.ServerResponse;
  readonly #onTaken: (count: number) => void;
  readonly #queue: Uint8Array[] = [];
  #unsent = 0;
  #isWriting = false;
  #isEnding = false;
  /** The time when the client last took something, or the first byte began to wait. */
  #movedAt = 0;

  /** @param onTaken gets the size of each piece that the client has taken; not called for a body written at once */
  constructor(response: http.ServerResponse, onTaken: (count: number) => void = () => {}) {
    this.#response = response;
    this.#onTaken = onTaken;
  }

  /** The number of bytes that the client has not taken. */
  get unsent(): number {
    return this.#unsent;
  }

  /** Reports whether the client has taken nothing for this time while bytes wait. */
  isStalled(milliseconds: number): boolean {
    return this.#unsent > 0 && systemClock.now() - this.#movedAt > milliseconds;
  }

  write(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (this.#unsent === 0) this.#movedAt = systemClock.now();
    this.#unsent += bytes.length;
    this.#queue.push(bytes);
    this.#next();
  }

  /** Ends the body. */
  end(last?: Uint8Array): void {
    if (this.#isEnding) return;
    if (last !== undefined && this.#unsent === 0 && last.length <= PIECE_BYTES) return this.#endAtOnce(last);
    this.#isEnding = true;
    if (last !== undefined) this.write(last);
    this.#next();
  }

  /** Sends head and body in one piece. */
  #endAtOnce(body: Uint8Array): void {
    this.#isEnding = true;
    this.#unsent = body.length;
    this.#movedAt = systemClock.now();
    this.#response.end(body, () => this.#unsent = 0);
  }

  #next(): void {
    if (this.#isWriting || this.#response.destroyed) return;
    const first = this.#queue[0];
    if (first === undefined) {
      if (this.#isEnding) this.#response.end();
      return;
    }
    const piece = first.subarray(0, PIECE_BYTES);
    if (piece.length === first.length) this.#queue.shift();
    else this.#queue[0] = first.subarray(PIECE_BYTES);
    this.#isWriting = true;
    this.#response.write(piece, () => {
      this.#isWriting = false;
      this.#unsent -= piece.length;
      this.#movedAt = systemClock.now();
      this.#onTaken(piece.length);
      this.#next();
    });
  }
}
