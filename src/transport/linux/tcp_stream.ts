/** A TCP connection by system calls on its descriptor. */
import { errorName, type Libc, pendingError } from "../../runtime/native/libc.ts";
import { cut } from "../../runtime/text.ts";
import type { ByteStream, StreamEvents } from "../byte_stream.ts";
import { KEEP_ALIVE_MS } from "../tcp_sockets.ts";
import {
  EPOLLERR,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  type FlushedStream,
  type PolledSocket,
  type StreamPoller,
} from "./stream_poller.ts";

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM_NONBLOCK_CLOEXEC = 1 | 0o4000 | 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_KEEPALIVE = 9;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const TCP_KEEPIDLE = 4;
const OPTIONS = [
  [SOL_SOCKET, SO_REUSEADDR, 1],
  [SOL_SOCKET, SO_KEEPALIVE, 1],
  [IPPROTO_TCP, TCP_NODELAY, 1],
  [IPPROTO_TCP, TCP_KEEPIDLE, KEEP_ALIVE_MS / 1000],
];
const SHUT_WR = 1;
/** Calls that read what nobody takes any more. */
const MAX_DISCARDED = 16;
const CLOSED = "Connection closed";

/** What happens when everything is written. */
type Ending = "close" | "shut down" | undefined;

/** Opens a TCP socket, -1 when that fails. Accepted sockets inherit its options. */
export function openTcpSocket(libc: Libc, isIpv6: boolean): number {
  const fd = libc.socket(isIpv6 ? AF_INET6 : AF_INET, SOCK_STREAM_NONBLOCK_CLOEXEC, 0);
  for (const [level, option, value] of OPTIONS) {
    libc.setsockopt(fd, level, option, new Int32Array([value]), 4);
  }
  return fd;
}

export class TcpStream implements ByteStream, PolledSocket, FlushedStream {
  readonly fd: number;
  readonly remote: { readonly address: string; readonly port: number };
  readonly #poller: StreamPoller;
  #events: StreamEvents | undefined;
  #onClosed: (() => void)[] = [];
  /** Texts to send, and the messages that each counts for. */
  readonly #queue: string[] = [];
  readonly #counts: number[] = [];
  #isFlushAwaited = false;
  #isBlocked = false;
  #hasPeerEnded = false;
  #ending: Ending;
  #isOpen = true;

  constructor(poller: StreamPoller, fd: number, remote: { address: string; port: number }) {
    this.#poller = poller;
    this.fd = fd;
    this.remote = remote;
  }

  /** Begins to read. Closes at once when the system has no room. */
  begin(): void {
    if (this.#isOpen && !this.#poller.add(this, EPOLLIN)) this.#close("Too many sockets");
  }

  receive(events: StreamEvents): void {
    this.#events = events;
  }

  whenClosed(onClosed: () => void): void {
    this.#onClosed.push(onClosed);
  }

  write(text: string, count = 1): void {
    this.#queue.push(text);
    this.#counts.push(count);
    this.#flushSoon();
  }

  finish(): void {
    this.#ending = "close";
    this.#flushSoon();
  }

  finishWriting(): void {
    this.#ending ??= "shut down";
    this.#flushSoon();
  }

  destroy(): void {
    this.#close(CLOSED);
  }

  onReady(readiness: number): number {
    if (readiness & EPOLLERR) return this.#onError();
    if (readiness & EPOLLOUT) this.#unblock();
    if (readiness & EPOLLIN) return this.#read();
    if (readiness & EPOLLHUP) this.#close(CLOSED);
    return 0;
  }

  flush(): void {
    this.#isFlushAwaited = false;
    if (!this.#isOpen || this.#isBlocked) return;
    while (this.#queue.length > 0) if (!this.#sendSome()) return this.#block();
    if (this.#ending === "close") this.#hangUp();
    else if (this.#ending === "shut down") this.#shutDown();
  }

  #flushSoon(): void {
    if (!this.#isOpen || this.#isFlushAwaited) return;
    this.#isFlushAwaited = true;
    this.#poller.flushSoon(this);
  }

  /** Sends what one call takes; returns false when the system has no room for all of it. */
  #sendSome(): boolean {
    const { buffers } = this.#poller;
    const queue = this.#queue;
    let used = 0;
    let count = 0;
    let taken = 0;
    for (; taken < queue.length; taken++) {
      const text = queue[taken];
      const length = buffers.put(text, used);
      used += length;
      if (length < text.length) {
        queue[taken] = cut(text, length);
        break;
      }
      count += this.#counts[taken];
    }
    const rest = buffers.send(this.fd, used);
    if (taken === queue.length) queue.length = this.#counts.length = 0;
    else {
      queue.splice(0, taken);
      this.#counts.splice(0, taken);
    }
    if (rest !== "") {
      queue.unshift(rest);
      this.#counts.unshift(count);
      return false;
    }
    this.#events?.onWritten(count);
    return true;
  }

  /** Returns 1 when there were bytes. */
  #read(): number {
    const { buffers } = this.#poller;
    const length = buffers.receive(this.fd);
    if (length === 0) this.#onPeerEnd();
    if (length <= 0) return 0;
    this.#events?.onBytes(buffers.bytes, length);
    return 1;
  }

  /** The connection is broken. What has come before is still read. */
  #onError(): number {
    // Taken first, since the next call on the socket would take it.
    const reason = `read ${errorName(pendingError(this.fd))}`;
    let count = 0;
    while (this.#isOpen && !this.#hasPeerEnded && this.#read() > 0) count++;
    this.#close(reason);
    return count;
  }

  /** The peer sends nothing more. It still gets the answers to what it has sent, if they are ready. */
  #onPeerEnd(): void {
    this.#hasPeerEnded = true;
    this.#await();
    setImmediate(() => this.finish());
  }

  #block(): void {
    this.#isBlocked = true;
    this.#await();
  }

  #unblock(): void {
    this.#isBlocked = false;
    this.#await();
    this.#flushSoon();
  }

  #await(): void {
    this.#poller.change(this, (this.#hasPeerEnded ? 0 : EPOLLIN) | (this.#isBlocked ? EPOLLOUT : 0));
  }

  /** Closes so that the peer reads all that was sent: the system would reset a connection with unread bytes. */
  #hangUp(): void {
    const { buffers, libc } = this.#poller;
    libc.shutdown(this.fd, SHUT_WR);
    for (let i = 0; i < MAX_DISCARDED && buffers.receive(this.fd) > 0; i++);
    this.#close(CLOSED);
  }

  #shutDown(): void {
    this.#ending = undefined;
    this.#poller.libc.shutdown(this.fd, SHUT_WR);
  }

  #close(reason: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#queue.length = 0;
    this.#poller.close(this);
    queueMicrotask(() => {
      for (const onClosed of this.#onClosed) onClosed();
      this.#events?.onClosed(reason);
    });
  }
}
