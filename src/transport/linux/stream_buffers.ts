/** Buffers for `recvmsg` and `sendmsg` on streams. All streams of a poller share them, one call after the other. */
import { Buffer } from "node:buffer";
import { type Libc, pointerTo } from "../../runtime/native/libc.ts";
import { codeAt, cut } from "../../runtime/text.ts";

/** Bytes of one call. */
const SIZE = 65536;
/** Characters that are faster written one by one, as is the head of a WebSocket frame. */
const SHORT = 16;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

/**
 * A buffer with `struct msghdr` on a 64-bit machine, without an address:
 *
 *     16 msg_iov ──▶ vector ──▶ bytes
 *     24 msg_iovlen 1
 */
class MessageBuffer {
  readonly header = new Uint8Array(56);
  /** Two more than a call takes: a text that fills them is known to have bytes of two in UTF-8. */
  readonly bytes = new Uint8Array(SIZE + 2);
  readonly #vector = new Uint8Array(16);
  readonly #words = new Uint32Array(this.#vector.buffer);

  constructor() {
    const header = new DataView(this.header.buffer);
    header.setBigUint64(16, pointerTo(this.#vector), true);
    header.setBigUint64(24, 1n, true);
    new DataView(this.#vector.buffer).setBigUint64(0, pointerTo(this.bytes), true);
    this.length = SIZE;
  }

  set length(length: number) {
    this.#words[2] = length;
  }
}

/** What streams receive into and send from, one after the other. */
export class StreamBuffers {
  readonly #libc: Pick<Libc, "recvmsg" | "sendmsg">;
  readonly #received = new MessageBuffer();
  readonly #sent = new MessageBuffer();
  readonly #encoder = new TextEncoder();
  readonly #starts: (Uint8Array | undefined)[] = new Array(SHORT).fill(undefined);
  readonly #toSend = Buffer.from(this.#sent.bytes.buffer);
  /** The bytes of the last call of `receive`. */
  readonly bytes: Buffer = Buffer.from(this.#received.bytes.buffer);

  constructor(libc: Pick<Libc, "recvmsg" | "sendmsg">) {
    this.#libc = libc;
  }

  /** Returns the number of bytes received; 0 at the end of the stream, -1 when there are none or it is broken. */
  receive(fd: number): number {
    return this.#libc.recvmsg(fd, this.#received.header, MSG_DONTWAIT);
  }

  /** Puts a text, or as much as has room, behind the bytes to send; returns the number of its bytes. */
  put(text: string, used: number): number {
    const length = Math.min(SIZE - used, text.length);
    const part = length === text.length ? text : cut(text, 0, length);
    if (length <= SHORT) {
      for (let i = 0; i < length; i++) this.#toSend[used + i] = codeAt(part, i);
      return length;
    }
    // Nearly all is ASCII, which has the same bytes in UTF-8 and encodes several times faster than latin1.
    const { written } = this.#encoder.encodeInto(part, this.#bytesFrom(used));
    if (written !== length) this.#toSend.write(part, used, "latin1");
    return length;
  }

  #bytesFrom(used: number): Uint8Array {
    // Behind the head of a frame is a usual place.
    return used < SHORT ? this.#starts[used] ??= this.#toSend.subarray(used) : this.#toSend.subarray(used);
  }

  /** Sends so many bytes; returns those that the system has not taken, one a character. */
  send(fd: number, length: number): string {
    this.#sent.length = length;
    const sent = this.#libc.sendmsg(fd, this.#sent.header, MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent === length ? "" : this.#toSend.toString("latin1", Math.max(0, sent), length);
  }
}
