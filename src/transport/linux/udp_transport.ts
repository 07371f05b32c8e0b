/** UDP on Linux, by `recvmmsg` and `sendmmsg` on the descriptor of a `Deno.listenDatagram` socket. */
import { Buffer } from "node:buffer";
import { atOnce, systemClock } from "../../runtime/clock.ts";
import { randomSeed } from "../../runtime/random.ts";
import { isIpv6, toSocketHost, toUriHost } from "../../runtime/ip/ip_address.ts";
import { ESTABLISHED_MS, type Flow, nextFlowId, type Transport, type TransportEvents } from "../transport.ts";
import { UnreachableFlow } from "../unreachable_flow.ts";
import { BATCH, DatagramBatch, SLOT, SOCKADDR } from "./datagram_batch.ts";
import { ErrorQueue } from "./error_queue.ts";
import { findDatagramSocket, type Libc, openLibc, setSocketBuffers } from "../../runtime/native/libc.ts";
import { type DrainedSocket, sharedReceiveLoop } from "./receive_loop.ts";
import { formatSockaddr, hostOfSockaddr, sockaddrLength } from "../../runtime/native/socket_address.ts";

const MSG_DONTWAIT = 0x40;
const POLLOUT = 4;
const SOCKET_BUFFER = 4 * 1024 * 1024;
/** Longest time to receive without a pause, so that a flood leaves time for connections and timers. */
const MAX_DRAIN_MS = 10;
/** Errors taken from the queue at once. */
const MAX_ERRORS = 64;
/** Retries of a datagram after errors of others. */
const MAX_RETRIES = 3;
/** Times after a datagram at which the error queue is read, since nothing announces errors. */
const ERROR_DELAYS_MS = [20, 200];

/** Flows remembered beside established ones; beyond, they are forgotten and made again on demand. */
const MAX_FLOWS = 65536;

/**
 * A UDP socket. Deno waits for the first datagram without another thread; system calls on the same descriptor receive and
 * send all others, `BATCH` at a time.
 */
export class LinuxUdpTransport implements Transport, DrainedSocket {
  readonly protocol = "udp";
  readonly address: string;
  readonly #libc: Libc;
  readonly #isIpv6: boolean;
  /** Buffer of the awaited datagram; without it, each wait would allocate 64 KiB. */
  readonly #first = new Uint8Array(SLOT);
  readonly #received: DatagramBatch;
  readonly #sent: DatagramBatch;
  readonly #failures: (((reason: string) => void) | undefined)[] = new Array(BATCH).fill(undefined);
  readonly #flows = new Map<number, UdpFlow>();
  readonly #seed = randomSeed();
  #flowCount = 0;
  #maxFlows = MAX_FLOWS;
  #queued = 0;
  #isFlushScheduled = false;
  #isHandingOn = false;
  #socket: Deno.DatagramConn | undefined;
  #descriptor = -1;
  #port: number;
  #events: TransportEvents | undefined;
  #errors: ErrorQueue | undefined;
  #errorAlarm: unknown;
  #loop: Promise<void> | undefined;

  /** Throws when there is no FFI. */
  constructor(address: string, port: number) {
    this.#libc = openLibc();
    this.address = address;
    this.#port = port;
    this.#isIpv6 = isIpv6(address);
    this.#received = new DatagramBatch(sockaddrLength(this.#isIpv6));
    this.#sent = new DatagramBatch(sockaddrLength(this.#isIpv6));
  }

  get port(): number {
    return this.#port;
  }

  // deno-lint-ignore require-await
  async listen(events: TransportEvents): Promise<void> {
    const hostname = toSocketHost(this.address);
    const socket = Deno.listenDatagram({ transport: "udp", hostname, port: this.#port });
    this.#port = (socket.addr as Deno.NetAddr).port;
    const bound = formatSockaddr(toUriHost((socket.addr as Deno.NetAddr).hostname), this.#port, this.#isIpv6);
    const host = bound && hostOfSockaddr(bound, 0);
    const descriptor = findDatagramSocket(this.#port, (bytes) => hostOfSockaddr(bytes, 0) === host);
    if (descriptor < 0) {
      socket.close();
      throw new Deno.errors.NotSupported("Cannot find the descriptor of the UDP socket");
    }
    setSocketBuffers(descriptor, SOCKET_BUFFER);
    this.#socket = socket;
    this.#descriptor = descriptor;
    this.#events = events;
    this.#errors = new ErrorQueue(this.#libc, descriptor);
    this.#loop = sharedReceiveLoop(this.#libc).serve(this);
  }

  async close(): Promise<void> {
    this.flush();
    this.#descriptor = -1;
    this.#errors = undefined;
    systemClock.clearAlarm(this.#errorAlarm);
    this.#socket?.close();
    this.#socket = undefined;
    await this.#loop;
  }

  flowTo(address: string, port: number): Flow {
    const sockaddr = formatSockaddr(address, port, this.#isIpv6);
    if (!sockaddr) {
      return new UnreachableFlow(this, {
        address,
        port,
        reason: "Address cannot be reached from this socket",
      });
    }
    return this.#flowOf(sockaddr, 0);
  }

  async wait(): Promise<boolean> {
    const socket = this.#socket;
    if (!socket) return false;
    let received: [Uint8Array, Deno.Addr];
    try {
      received = await socket.receive(this.#first);
    } catch {
      // A closed socket ends the loop; other errors concern one datagram.
      this.#reportErrors();
      return this.#socket !== undefined;
    }
    const { hostname, port } = received[1] as Deno.NetAddr;
    this.#handOn(decodeLatin1(received[0]), this.flowTo(toUriHost(hostname), port));
    return true;
  }

  drain(): number {
    let total = 0;
    const end = systemClock.now() + MAX_DRAIN_MS;
    while (this.#descriptor >= 0 && systemClock.now() < end) {
      const count = this.#libc.recvmmsg(this.#descriptor, this.#received.headers, BATCH, MSG_DONTWAIT, null);
      if (count > 0) atOnce(() => this.#handOnBatch(count));
      if (count > 0) total += count;
      if (count < BATCH) break;
    }
    return total;
  }

  /** @internal */
  queue(text: string, sockaddr: Uint8Array, onFailure: ((reason: string) => void) | undefined): void {
    if (this.#queued === BATCH) this.flush();
    if (this.#descriptor < 0 || !this.#sent.put(this.#queued, text, sockaddr)) {
      if (onFailure) queueMicrotask(() => onFailure("Datagram cannot be sent"));
      return;
    }
    this.#failures[this.#queued++] = onFailure;
    if (this.#isHandingOn || this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    setImmediate(() => this.flush());
  }

  flush(): void {
    this.#isFlushScheduled = false;
    let done = 0;
    let mayWait = true;
    let retries = 0;
    if (this.#queued > 0) this.#expectErrors();
    while (done < this.#queued && this.#descriptor >= 0) {
      const count = this.#queued - done;
      const sent = this.#libc.sendmmsg(this.#descriptor, this.#sent.headersFrom(done), count, MSG_DONTWAIT);
      if (sent > 0) {
        done += sent;
        retries = 0;
        continue;
      }
      if (this.#reportErrors() > 0 && retries++ < MAX_RETRIES) continue;
      // The first datagram failed: waits a little if the socket buffer is full, else the datagram is at fault.
      if (mayWait && !this.#isWritable(0)) {
        mayWait = this.#isWritable(10);
        if (mayWait) continue;
      }
      const onFailure = this.#failures[done++];
      if (onFailure) queueMicrotask(() => onFailure("Network refuses the datagram"));
    }
    this.#failures.fill(undefined, 0, this.#queued);
    this.#queued = 0;
  }

  /** Reports datagrams that did not arrive, and returns the number of errors. */
  #reportErrors(): number {
    const errors = this.#errors;
    const events = this.#events;
    let count = 0;
    for (; count < MAX_ERRORS && errors?.take(); count++) {
      if (!errors.isUnreachable) continue;
      const { datagram } = errors;
      const flow = this.#flowOf(errors.address, 0);
      // Events are not called within `send`.
      queueMicrotask(() => events?.onUnreachable?.(datagram, flow));
    }
    return count;
  }

  #expectErrors(delays: readonly number[] = ERROR_DELAYS_MS): void {
    if (this.#errorAlarm !== undefined || this.#errors === undefined) return;
    this.#errorAlarm = systemClock.setAlarm(() => {
      this.#errorAlarm = undefined;
      this.#reportErrors();
      if (delays.length > 1) this.#expectErrors(delays.slice(1));
    }, delays[0]);
  }

  #isWritable(milliseconds: number): boolean {
    const request = new Int32Array([this.#descriptor, POLLOUT]);
    return this.#libc.poll(new Uint8Array(request.buffer), 1n, milliseconds) > 0;
  }

  #handOnBatch(count: number): void {
    for (let i = 0; i < count; i++) {
      const flow = this.#find(this.#received.addresses, i * SOCKADDR);
      if (!flow?.isEstablished && this.#isMuted(this.#received.addresses, i * SOCKADDR)) continue;
      this.#handOn(this.#received.text(i), flow ?? this.#make(this.#received.addresses, i * SOCKADDR));
    }
  }

  #isMuted(bytes: Uint8Array, at: number): boolean {
    const events = this.#events;
    if (!this.#isIpv6) return events?.isMuted?.(0, wordAt(bytes, at + 4)) === true;
    const isMapped = wordAt(bytes, at + 16) === 0xffff && wordAt(bytes, at + 8) === 0 &&
      wordAt(bytes, at + 12) === 0;
    const high = isMapped ? 0 : wordAt(bytes, at + 8);
    return events?.isMuted?.(high, wordAt(bytes, isMapped ? at + 20 : at + 12)) === true;
  }

  #handOn(text: string, flow: Flow): void {
    this.#isHandingOn = true;
    try {
      this.#events?.onMessage(text, flow);
    } finally {
      this.#isHandingOn = false;
    }
  }

  /** Returns the flow to the socket address at `at`: one object an address, chained under a hash. */
  #flowOf(bytes: Uint8Array, at: number): UdpFlow {
    return this.#find(bytes, at) ?? this.#make(bytes, at);
  }

  #make(bytes: Uint8Array, at: number): UdpFlow {
    return this.#add(new UdpFlow(this, bytes.slice(at, at + sockaddrLength(this.#isIpv6))));
  }

  #find(bytes: Uint8Array, at: number): UdpFlow | undefined {
    let flow = this.#flows.get(this.#hashOf(bytes, at));
    while (flow && !flow.hasAddress(bytes, at)) flow = flow.nextInBucket;
    return flow;
  }

  #add(flow: UdpFlow): UdpFlow {
    if (this.#flowCount >= this.#maxFlows) this.#forgetStrangers();
    const hash = this.#hashOf(flow.sockaddr, 0);
    flow.nextInBucket = this.#flows.get(hash);
    this.#flows.set(hash, flow);
    this.#flowCount++;
    return flow;
  }

  /** Forgets flows that are made again on demand; established ones, which are as many as there are phones, are kept. */
  #forgetStrangers(): void {
    const kept: UdpFlow[] = [];
    for (const first of this.#flows.values()) {
      for (let flow: UdpFlow | undefined = first; flow; flow = flow.nextInBucket) {
        if (flow.isEstablished) kept.push(flow);
      }
    }
    this.#flows.clear();
    this.#flowCount = 0;
    this.#maxFlows = MAX_FLOWS + kept.length;
    for (const flow of kept) this.#add(flow);
  }

  #hashOf(bytes: Uint8Array, at: number): number {
    const end = at + sockaddrLength(this.#isIpv6);
    let hash = this.#seed;
    for (let i = at + 2; i < end; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
    return hash & 0x3fffffff;
  }
}

class UdpFlow implements Flow {
  readonly protocol = "udp";
  readonly id = nextFlowId();
  readonly isOpen = true;
  readonly isConnection = false;
  readonly isInbound = false;
  readonly transport: LinuxUdpTransport;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly sockaddr: Uint8Array;
  nextInBucket: UdpFlow | undefined = undefined;
  #establishedAt = -Infinity;

  constructor(transport: LinuxUdpTransport, sockaddr: Uint8Array) {
    this.transport = transport;
    this.sockaddr = sockaddr;
    this.remoteAddress = hostOfSockaddr(sockaddr, 0);
    this.remotePort = sockaddr[2] << 8 | sockaddr[3];
  }

  get isEstablished(): boolean {
    return systemClock.now() - this.#establishedAt < ESTABLISHED_MS;
  }

  markEstablished(): void {
    this.#establishedAt = systemClock.now();
  }

  hasAddress(bytes: Uint8Array, at: number): boolean {
    const own = this.sockaddr;
    for (let i = 0; i < own.length; i++) if (own[i] !== bytes[at + i]) return false;
    return true;
  }

  send(text: string, onFailure?: (reason: string) => void): void {
    this.transport.queue(text, this.sockaddr, onFailure);
  }
}

/** Returns the 32 bits at `at`, in network order. */
function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3]) >>> 0;
}

function decodeLatin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}
