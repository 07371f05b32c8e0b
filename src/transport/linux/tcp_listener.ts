/** A listening TCP socket by system calls on its descriptor. */
import { systemClock } from "../../runtime/clock.ts";
import { isIpv6 } from "../../runtime/ip/ip_address.ts";
import type { Libc } from "../../runtime/native/libc.ts";
import { formatSockaddr, hostOfSockaddr } from "../../runtime/native/socket_address.ts";
import { BACKLOG } from "../tcp_sockets.ts";
import { SOCKADDR } from "./datagram_batch.ts";
import { EPOLLIN, type PolledSocket, sharedPoller, type StreamPoller } from "./stream_poller.ts";
import { openTcpSocket, TcpStream } from "./tcp_stream.ts";

const SOCK_NONBLOCK_CLOEXEC = 0o4000 | 0o2000000;
/** Connections accepted at once, so that a flood of them leaves time for others. */
const MAX_ACCEPTED = 64;
/** Time without accepting when the system has no room for a connection. */
const PAUSE_MS = 100;

export interface TcpListenerEvents {
  /** A peer has connected; the stream is not read before this returns. */
  onStream(stream: TcpStream): void;
  onViolation(reason: string): void;
}

export class TcpListener implements PolledSocket {
  readonly fd: number;
  readonly port: number;
  readonly #poller: StreamPoller;
  readonly #events: TcpListenerEvents;
  readonly #sockaddr = new Uint8Array(SOCKADDR);
  readonly #length = new Uint32Array(1);
  #pause: unknown;
  #isClosed = false;

  private constructor(libc: Libc, fd: number, events: TcpListenerEvents) {
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
    events: TcpListenerEvents,
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

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    systemClock.clearAlarm(this.#pause);
    this.#poller.close(this);
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
    this.#events.onStream(stream);
    stream.begin();
  }

  /** The connection that waits cannot be accepted, most likely for want of descriptors. */
  #rest(): void {
    this.#events.onViolation("Cannot accept: the system has no room for a connection");
    this.#poller.change(this, 0);
    this.#pause = systemClock.setAlarm(() => this.#poller.change(this, EPOLLIN), PAUSE_MS);
  }
}
