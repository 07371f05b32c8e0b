/** The error queue of a UDP socket: ICMP errors of datagrams that did not arrive (`man 7 ip`, IP_RECVERR). */
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

/** Bytes read of the datagram; routers rarely return more (RFC 1812 §4.3.2.3). */
const MAX_DATAGRAM = 1024;
const CONTROL = 128;

type Reported = Pick<Libc, "recvmsg" | "setsockopt">;

/**
 * `struct msghdr` on a 64-bit machine, for one error:
 *
 *      0 msg_name ──▶ address the datagram was sent to     32 msg_control ──▶ cmsghdr (16), then errno (4), origin, type, code
 *      8 msg_namelen                                       40 msg_controllen
 *     16 msg_iov ──▶ vector ──▶ beginning of the datagram  48 msg_flags
 *     24 msg_iovlen 1
 */
export class ErrorQueue {
  /** The destination of the datagram of the last error. */
  readonly address = new Uint8Array(SOCKADDR);
  readonly #recvmsg: Libc["recvmsg"];
  readonly #descriptor: number;
  readonly #datagram = new Uint8Array(MAX_DATAGRAM);
  readonly #control = new Uint8Array(CONTROL);
  readonly #vector = new Uint8Array(16);
  readonly #header = new Uint8Array(56);
  readonly #view = new DataView(this.#header.buffer);
  /** The beginning of the datagram of the last error, one byte a character. */
  datagram = "";

  /** Turns the queue on. From then on any call on the socket fails once for each error. */
  constructor({ recvmsg, setsockopt }: Reported, descriptor: number) {
    this.#recvmsg = recvmsg;
    this.#descriptor = descriptor;
    const isOn = new Int32Array([1]);
    // An IPv6 socket reaches IPv4 hosts as well; an IPv4 socket refuses the second option.
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

  /** Takes the next error; returns false when there is none. */
  take(): boolean {
    this.#view.setUint32(8, SOCKADDR, true);
    this.#view.setBigUint64(40, BigInt(CONTROL), true);
    const length = this.#recvmsg(this.#descriptor, this.#header, MSG_ERRQUEUE | MSG_DONTWAIT);
    if (length < 0) return false;
    this.datagram = Buffer.from(this.#datagram.buffer, 0, length).toString("latin1");
    return true;
  }

  /**
   * True when the last error is an unreachable host or port, or a parameter problem (§18.4). Other ICMP is temporary, or
   * asks for smaller packets.
   */
  get isUnreachable(): boolean {
    const [origin, type, code] = this.#control.subarray(20, 23);
    if (origin === ORIGIN_ICMP) return type === 3 && code !== 4 && code !== 5 || type === 12;
    return origin === ORIGIN_ICMPV6 && (type === 1 || type === 4);
  }
}
