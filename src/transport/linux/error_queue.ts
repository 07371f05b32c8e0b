/** What hosts and routers say of datagrams that did not arrive: the error queue of a UDP socket (`man 7 ip`, IP_RECVERR). */
import { Buffer } from "node:buffer";
import { SOCKADDR } from "./datagram_batch.ts";
import { type Libc, pointerTo } from "../../runtime/native/libc.ts";

const SOL_IP = 0;
const SOL_IPV6 = 41;
const IP_RECVERR = 11;
const IPV6_RECVERR = 25;
const MSG_DONTWAIT = 0x40;
const MSG_ERRQUEUE = 0x2000;

/** `ee_origin` of `struct sock_extended_err`. */
const ORIGIN_ICMP = 2;
const ORIGIN_ICMPV6 = 3;

/** Bytes kept of the datagram: routers rarely tell more (RFC 1812 §4.3.2.3). */
const MAX_DATAGRAM = 1024;
const CONTROL = 128;

type Reported = Pick<Libc, "recvmsg" | "setsockopt">;

/**
 * `struct msghdr` on a 64-bit machine, and what comes with an error:
 *
 *      0 msg_name ──▶ address the datagram was sent to     32 msg_control ──▶ cmsghdr (16), then errno (4), origin, type, code
 *      8 msg_namelen                                       40 msg_controllen
 *     16 msg_iov ──▶ vector ──▶ beginning of the datagram  48 msg_flags
 *     24 msg_iovlen 1
 */
export class ErrorQueue {
  /** Where the datagram of the last error was sent to. */
  readonly address = new Uint8Array(SOCKADDR);
  readonly #recvmsg: Libc["recvmsg"];
  readonly #descriptor: number;
  readonly #datagram = new Uint8Array(MAX_DATAGRAM);
  readonly #control = new Uint8Array(CONTROL);
  readonly #vector = new Uint8Array(16);
  readonly #header = new Uint8Array(56);
  readonly #view = new DataView(this.#header.buffer);
  /** What of the last error's datagram the queue holds, one byte a character. */
  datagram = "";

  /** From now on the socket gathers errors: the next call on it fails once for each, whatever that call does. */
  constructor({ recvmsg, setsockopt }: Reported, descriptor: number) {
    this.#recvmsg = recvmsg;
    this.#descriptor = descriptor;
    const isOn = new Int32Array([1]);
    // A socket of IPv6 reaches IPv4 hosts as well; one of IPv4 refuses the second.
    setsockopt(descriptor, SOL_IP, IP_RECVERR, isOn, 4);
    setsockopt(descriptor, SOL_IPV6, IPV6_RECVERR, isOn, 4);
    const vector = new DataView(this.#vector.buffer);
    vector.setBigUint64(0, pointerTo(this.#datagram), true);
    vector.setBigUint64(8, BigInt(MAX_DATAGRAM), true);
    this.#view.setBigUint64(0, pointerTo(this.address), true);
    this.#view.setBigUint64(16, pointerTo(this.#vector), true);
    this.#view.setBigUint64(24, 1n, true);
    this.#view.setBigUint64(32, pointerTo(this.#control), true);
  }

  /** Takes the next error; false when there is none. */
  take(): boolean {
    this.#view.setUint32(8, SOCKADDR, true);
    this.#view.setBigUint64(40, BigInt(CONTROL), true);
    const length = this.#recvmsg(this.#descriptor, this.#header, MSG_ERRQUEUE | MSG_DONTWAIT);
    if (length < 0) return false;
    this.datagram = Buffer.from(this.#datagram.buffer, 0, length).toString("latin1");
    return true;
  }

  /**
   * Whether the last error says that host or port cannot be reached, or that the datagram was not understood (§18.4).
   * Other ICMP passes, or asks for smaller packets.
   */
  get isUnreachable(): boolean {
    const [origin, type, code] = this.#control.subarray(20, 23);
    if (origin === ORIGIN_ICMP) return type === 3 && code !== 4 && code !== 5 || type === 12;
    return origin === ORIGIN_ICMPV6 && (type === 1 || type === 4);
  }
}
