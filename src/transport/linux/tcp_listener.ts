/** A listening TCP socket by system calls on its descriptor. */
import { systemClock } from "../../runtime/clock.ts";
import { isIpv6 } from "../../runtime/ip/ip_address.ts";
import { type Libc } from "../../runtime/native/libc.ts";
import { formatSockaddr, hostOfSockaddr } from "../../runtime/native/socket_address.ts";
import type { ListenEvents } from "../sockets.ts";
import { BACKLOG, CLOSING_TIME_MS, KEEP_ALIVE_MS } from "../tcp_sockets.ts";
import { SOCKADDR } from "./datagram_batch.ts";
import { EPOLLIN, type PolledSocket, sharedPoller, type StreamPoller } from "./stream_poller.ts";
import { TcpStream } from "./tcp_stream.ts";

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM_NONBLOCK_CLOEXEC = 1 | 0o4000 | 0o2000000;
const SOCK_NONBLOCK_CLOEXEC = 0o4000 | 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_KEEPALIVE = 9;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const TCP_KEEPIDLE = 4;
/** Connections accepted at once, so that a flood of them leaves time for others. */
const MAX_ACCEPTED = 64;
/** Time without accepting when the system has no room for a connection. */
const PAUSE_MS = 100;

/** Opens a TCP socket. Accepted sockets inherit its options. */
export function openTcpSocket(libc: Libc, isIpv6: boolean): number {
  const fd = libc.socket(isIpv6 ? AF_INET6 : AF_INET, SOCK_STREAM_NONBLOCK_CLOEXEC, 0);
  const options = [
    [SOL_SOCKET, SO_REUSEADDR, 1],
    [SOL_SOCKET, SO_KEEPALIVE, 1],
    [IPPROTO_TCP, TCP_NODELAY, 1],
    [IPPROTO_TCP, TCP_KEEPIDLE, KEEP_ALIVE_MS / 1000],
  ];
  for (const [level, option, value] of options) {
    libc.setsockopt(fd, level, option, new Int32Array([value]), 4);
  }
  return fd;
}

export class TcpListener implements PolledSocket {
  readonly fd: number;
  readonly port: number;
  readonly #poller: StreamPoller;
  readonly #events: ListenEvents;
  readonly #streams = new Set<TcpStream>();
  readonly #sockaddr = new Uint8Array(SOCKADDR);
  readonly #length = new Uint32Array(1);
  #pause: unknown;
  #isClosed = false;
  #onLastClosed = () => {};

  private constructor(libc: Libc, fd: number, events: ListenEvents) {
    this.fd = fd;
    this.#events = events;
    this.#length[0] = SOCKADDR;
    libc.getsockname(fd, this.#sockaddr, this.#length);
    this.port = this.#sockaddr[2] << 8 | this.#sockaddr[3];
    this.#poller = sharedPoller(libc);
    this.#poller.add(this, EPOLLIN);
  }

  /** Returns undefined when the address cannot be bound. */
  static open(
    libc: Libc,
    { address, port }: { address: string; port: number },
    events: ListenEvents,
  ): TcpListener | undefined {
    const sockaddr = formatSockaddr(address, port, isIpv6(address));
    if (!sockaddr) return undefined;
    const fd = openTcpSocket(libc, isIpv6(address));
    if (fd < 0) return undefined;
    if (libc.bind(fd, sockaddr, sockaddr.length) === 0 && libc.listen(fd, BACKLOG) === 0) {
      return new TcpListener(libc, fd, events);
    }
    libc.close(fd);
    return undefined;
  }

  /** Resolves when the socket and its streams are closed, or after three seconds. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    systemClock.clearAlarm(this.#pause);
    this.#poller.close(this);
    const isEmpty = this.#streams.size === 0;
    const emptied = isEmpty
      ? Promise.resolve()
      : new Promise<void>((resolve) => this.#onLastClosed = resolve);
    await inTime(emptied.then(() => this.#poller.ended()));
  }

  onReady(): number {
    for (let count = 0; count < MAX_ACCEPTED && !this.#isClosed; count++) {
      this.#length[0] = SOCKADDR;
      const fd = this.#poller.libc.accept4(this.fd, this.#sockaddr, this.#length, SOCK_NONBLOCK_CLOEXEC);
      if (fd >= 0) this.#accept(fd);
      else {
        if (count === 0) this.#rest();
        break;
      }
    }
    return 0;
  }

  #accept(fd: number): void {
    const bytes = this.#sockaddr;
    const remote = { address: hostOfSockaddr(bytes, 0), port: bytes[2] << 8 | bytes[3] };
    const stream = new TcpStream(this.#poller, fd, remote);
    this.#streams.add(stream);
    stream.whenClosed(() => {
      this.#streams.delete(stream);
      if (this.#streams.size === 0) this.#onLastClosed();
    });
    this.#events.onConnection(stream)?.onReady({ stream });
    stream.begin();
  }

  /** The connection that waits cannot be accepted, most likely for want of descriptors. */
  #rest(): void {
    this.#events.onViolation("Cannot accept: the system has no room for a connection");
    this.#poller.change(this, 0);
    this.#pause = systemClock.setAlarm(() => this.#poller.change(this, EPOLLIN), PAUSE_MS);
  }
}

/** Resolves with a promise, or after the time limit for closing. */
async function inTime(promise: Promise<void>): Promise<void> {
  let alarm: unknown;
  const late = new Promise<void>((resolve) => alarm = systemClock.setAlarm(resolve, CLOSING_TIME_MS));
  await Promise.race([promise, late]);
  systemClock.clearAlarm(alarm);
}
