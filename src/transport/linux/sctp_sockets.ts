/**
 * One-to-one SCTP sockets (RFC 6458 §4): libc makes the descriptor, node:net drives it. It is read as a stream, while each
 * write is a message.
 */
import type { Buffer } from "node:buffer";
import net from "node:net";
import { systemClock } from "../../runtime/clock.ts";
import { isIpv6 } from "../../runtime/ip/ip_address.ts";
import { NodeStream, type NodeStreamOptions } from "../node_stream.ts";
import type { ConnectEvents, ListenEvents, Sockets } from "../sockets.ts";
import { BACKLOG, closeServer, ignoreErrors } from "../tcp_sockets.ts";
import { type Libc, openLibc, pendingError, setSocketBuffers } from "../../runtime/native/libc.ts";
import { formatSockaddr } from "../../runtime/native/socket_address.ts";

/** The protocol number of SCTP. */
export const IPPROTO_SCTP = 132;

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM_NONBLOCK_CLOEXEC = 1 | 0o4000 | 0o2000000;
const SOCK_DGRAM = 2;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SCTP_NODELAY = 3;
const SCTP_EVENTS = 11;
/** Subscribes to events of the association only. */
const ASSOCIATION_EVENTS = new Uint8Array([0, 1]);
const POLLOUT = 4;
/** A message must fit into the send buffer. */
const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024;
/** First and longest time between two polls of a connection that is being made. */
const MIN_POLL_MS = 1;
const MAX_POLL_MS = 50;

export class SctpSockets implements Sockets {
  readonly #protocol: number;
  readonly #streamOptions: NodeStreamOptions;
  #server: net.Server | undefined;

  /** @param protocol another stream protocol, for tests without SCTP */
  constructor(protocol: number = IPPROTO_SCTP) {
    this.#protocol = protocol;
    this.#streamOptions = {
      isMessageOriented: true,
      isForeign: protocol === IPPROTO_SCTP ? isNotification : undefined,
    };
  }

  /** Rejects when the kernel has no SCTP, or the address cannot be bound. */
  async listen(endpoint: { address: string; port: number }, events: ListenEvents): Promise<number> {
    const { address, port } = endpoint;
    const libc = openLibc();
    const sockaddr = formatSockaddr(address, port, isIpv6(address));
    const fd = this.#socket(libc, isIpv6(address));
    if (!sockaddr || libc.bind(fd, sockaddr, sockaddr.length) !== 0) {
      libc.close(fd);
      throw new Deno.errors.AddrInUse("The port is taken, or the address is not one of this machine");
    }
    const server = net.createServer((socket) => {
      ignoreErrors(socket);
      const stream = new NodeStream(socket, this.#streamOptions);
      events.onConnection(stream)?.onReady({ stream });
    });
    this.#server = server;
    return await new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen({ fd, backlog: BACKLOG }, () => {
        server.off("error", reject);
        server.on("error", (error) => events.onViolation(`Cannot accept: ${error.message}`));
        resolve((server.address() as net.AddressInfo).port);
      });
    });
  }

  connect({ address, port }: { address: string; port: number }, events: ConnectEvents): () => void {
    const libc = openLibc();
    const sockaddr = formatSockaddr(address, port, isIpv6(address));
    let fd = -1;
    let socket: net.Socket | undefined;
    let alarm: unknown;
    const fail = (reason: string) => {
      if (fd >= 0) libc.close(fd);
      fd = -1;
      queueMicrotask(() => events.onFailure(reason));
    };
    const look = (next: number) => {
      const request = new Int32Array([fd, POLLOUT]);
      if (libc.poll(new Uint8Array(request.buffer), 1n, 0) === 0) {
        alarm = systemClock.setAlarm(() => look(Math.min(2 * next, MAX_POLL_MS)), next);
        return;
      }
      const error = pendingError(fd);
      if (error !== 0) return fail(`Connection failed with error ${error}`);
      socket = new net.Socket({ fd });
      fd = -1;
      ignoreErrors(socket);
      events.onReady({ stream: new NodeStream(socket, this.#streamOptions) });
    };
    try {
      fd = this.#socket(libc, isIpv6(address));
      if (!sockaddr || !hasRoute(libc, sockaddr, isIpv6(address))) {
        throw new Error("Address cannot be reached");
      }
      libc.connect(fd, sockaddr, sockaddr.length);
      // Later, because the caller does not have the result of this call yet.
      alarm = systemClock.setAlarm(() => look(MIN_POLL_MS), 0);
    } catch (error) {
      fail(error instanceof Error ? error.message : String(error));
    }
    return () => {
      systemClock.clearAlarm(alarm);
      if (fd >= 0) libc.close(fd);
      fd = -1;
      socket?.destroy();
    };
  }

  close(): Promise<void> {
    return closeServer(this.#server);
  }

  #socket(libc: Libc, isIpv6: boolean): number {
    const fd = libc.socket(isIpv6 ? AF_INET6 : AF_INET, SOCK_STREAM_NONBLOCK_CLOEXEC, this.#protocol);
    if (fd < 0) {
      throw new Deno.errors.NotSupported("This kernel has no SCTP, or has not loaded it: modprobe sctp");
    }
    setSocketBuffers(fd, SOCKET_BUFFER_BYTES);
    if (this.#protocol === IPPROTO_SCTP) {
      // Accepted sockets inherit these options.
      libc.setsockopt(fd, IPPROTO_SCTP, SCTP_NODELAY, new Int32Array([1]), 4);
      libc.setsockopt(fd, IPPROTO_SCTP, SCTP_EVENTS, ASSOCIATION_EVENTS, ASSOCIATION_EVENTS.length);
    } else libc.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, new Int32Array([1]), 4);
    return fd;
  }
}

/** Reports whether an address has a route. SCTP reports nothing without one; UDP does, before it sends. */
function hasRoute(libc: Libc, sockaddr: Uint8Array<ArrayBuffer>, isIpv6: boolean): boolean {
  const fd = libc.socket(isIpv6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
  const isThere = libc.connect(fd, sockaddr, sockaddr.length) === 0;
  libc.close(fd);
  return isThere;
}

/**
 * Reports whether bytes are a `struct sctp_assoc_change` of the kernel (RFC 6458 §6.1.1). Without these notifications an
 * aborted association goes unnoticed.
 */
function isNotification(chunk: Buffer): boolean {
  return chunk.length >= 20 && chunk.readUInt16LE(0) === 0x8001 && chunk.readUInt32LE(4) === chunk.length;
}
