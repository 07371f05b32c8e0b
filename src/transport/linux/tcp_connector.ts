/** A TCP connection that is being made. */
import { isIpv6 } from "../../runtime/ip/ip_address.ts";
import { errorName, type Libc, pendingError } from "../../runtime/native/libc.ts";
import { formatSockaddr } from "../../runtime/native/socket_address.ts";
import { EPOLLHUP, EPOLLOUT, type PolledSocket, sharedPoller, type StreamPoller } from "./stream_poller.ts";
import { openTcpSocket, TcpStream } from "./tcp_stream.ts";

/** The result; one call at most. */
export interface TcpConnectorEvents {
  /** The stream is not read before this returns. */
  onStream(stream: TcpStream): void;
  onFailure(reason: string): void;
}

interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export class TcpConnector implements PolledSocket {
  readonly fd: number;
  readonly #poller: StreamPoller;
  readonly #endpoint: Endpoint;
  readonly #events: TcpConnectorEvents;
  #isOver = false;

  private constructor(poller: StreamPoller, fd: number, { endpoint, events }: {
    endpoint: Endpoint;
    events: TcpConnectorEvents;
  }) {
    this.fd = fd;
    this.#poller = poller;
    this.#endpoint = endpoint;
    this.#events = events;
  }

  /** Returns undefined when there is no socket for such an address. */
  static begin(libc: Libc, endpoint: Endpoint, events: TcpConnectorEvents): TcpConnector | undefined {
    const { address, port } = endpoint;
    const sockaddr = formatSockaddr(address, port, isIpv6(address));
    if (!sockaddr) return undefined;
    const fd = openTcpSocket(libc, isIpv6(address));
    if (fd < 0) return undefined;
    // Whether it fails at once or later, the socket becomes ready.
    libc.connect(fd, sockaddr, sockaddr.length);
    const connector = new TcpConnector(sharedPoller(libc), fd, { endpoint, events });
    connector.#poller.add(connector, EPOLLOUT);
    return connector;
  }

  giveUp(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#poller.close(this);
  }

  onReady(readiness: number): number {
    const { address, port } = this.#endpoint;
    const error = pendingError(this.fd);
    // A socket that did not even try has no error, and is ready like one that has ended.
    if (error !== 0 || (readiness & EPOLLHUP) !== 0) {
      this.giveUp();
      const name = error === 0 ? "EHOSTUNREACH" : errorName(error);
      this.#events.onFailure(`connect ${name} ${address}:${port}`);
      return 0;
    }
    this.#isOver = true;
    const stream = new TcpStream(this.#poller, this.fd, this.#endpoint);
    this.#events.onStream(stream);
    stream.begin();
    return 0;
  }
}
