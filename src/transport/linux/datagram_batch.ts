/** Buffers for `recvmmsg` and `sendmmsg`, never released, so that the kernel cannot write into freed memory. */
import { pointerTo } from "../../runtime/native/libc.ts";
import { Buffer } from "node:buffer";

/** Datagrams moved by one system call. */
export const BATCH = 64;
/** Bytes of a slot, more than any UDP datagram has. Untouched pages cost nothing. */
export const SLOT = 65536;
/** Bytes of a `sockaddr_in6`; `sockaddr_in` is smaller. */
export const SOCKADDR = 28;

const HEADER = 64;

/**
 * `BATCH` times `struct mmsghdr` on a 64-bit machine, each pointing at its slot and its address:
 *
 *      0 msg_name ──▶ addresses[i]     24 msg_iovlen 1      48 msg_flags
 *      8 msg_namelen                   32 msg_control 0     56 msg_len
 *     16 msg_iov ──▶ vectors[i] ──▶ slots[i]
 */
export class DatagramBatch {
  /** The argument of the calls. */
  readonly headers = new Uint8Array(BATCH * HEADER);
  /** `BATCH` socket addresses of `SOCKADDR` bytes. */
  readonly addresses = new Uint8Array(BATCH * SOCKADDR);
  readonly #slots = new Uint8Array(BATCH * SLOT);
  readonly #vectors = new Uint8Array(BATCH * 16);
  readonly #headerWords = new Uint32Array(this.headers.buffer);
  readonly #vectorWords = new Uint32Array(this.#vectors.buffer);
  readonly #buffer = Buffer.from(this.#slots.buffer);
  readonly #views: Uint8Array[] = [];
  readonly #encoder = new TextEncoder();

  constructor(addressLength: number) {
    const headers = new DataView(this.headers.buffer);
    const vectors = new DataView(this.#vectors.buffer);
    const slots = pointerTo(this.#slots);
    for (let i = 0; i < BATCH; i++) {
      headers.setBigUint64(i * HEADER, pointerTo(this.addresses) + BigInt(i * SOCKADDR), true);
      headers.setUint32(i * HEADER + 8, addressLength, true);
      headers.setBigUint64(i * HEADER + 16, pointerTo(this.#vectors) + BigInt(i * 16), true);
      headers.setBigUint64(i * HEADER + 24, 1n, true);
      vectors.setBigUint64(i * 16, slots + BigInt(i * SLOT), true);
      vectors.setBigUint64(i * 16 + 8, BigInt(SLOT), true);
      this.#views.push(this.#slots.subarray(i * SLOT, (i + 1) * SLOT));
    }
  }

  /** Returns the datagram received in slot `i`. */
  text(i: number): string {
    return this.#buffer.toString("latin1", i * SLOT, i * SLOT + this.#headerWords[i * 16 + 14]);
  }

  /** Puts a datagram and its address into slot `i`; returns false when it does not fit. */
  put(i: number, text: string, sockaddr: Uint8Array): boolean {
    if (text.length > SLOT - 1) return false;
    // Nearly all is ASCII, which has the same bytes in UTF-8 and encodes several times faster than latin1.
    if (this.#encoder.encodeInto(text, this.#views[i]).written !== text.length) {
      this.#buffer.write(text, i * SLOT, "latin1");
    }
    this.#vectorWords[i * 4 + 2] = text.length;
    this.addresses.set(sockaddr, i * SOCKADDR);
    return true;
  }

  /** Moves the slots from `from` on to the front, after a call that sent a part of the batch. */
  headersFrom(from: number): Uint8Array<ArrayBuffer> {
    return this.headers.subarray(from * HEADER);
  }
}
