/** Plain TCP sockets, over node:net. */
import net from "node:net";
import { systemClock } from "../runtime/clock.ts";
import { toSocketHost } from "../runtime/ip/ip_address.ts";
import { NodeStream } from "./node_stream.ts";
import type { ConnectEvents, ListenEvents, Sockets } from "./sockets.ts";

/** Connections that wait to be accepted. */
export const BACKLOG = 1024;

/** Silence after which the system probes the peer. */
export const KEEP_ALIVE_MS = 60_000;

/** Time limit for closing. */
export const CLOSING_TIME_MS = 3000;

export class TcpSockets implements Sockets {
  #server: net.Server | undefined;

  async listen(endpoint: { address: string; port: number }, events: ListenEvents): Promise<number> {
    const server = net.createServer({ noDelay: true }, (socket) => {
      ignoreErrors(socket);
      socket.setKeepAlive(true, KEEP_ALIVE_MS);
      const stream = new NodeStream(socket);
      events.onConnection(stream)?.onReady({ stream });
    });
    this.#server = server;
    return await bind(server, endpoint, events);
  }

  connect({ address, port }: { address: string; port: number }, events: ConnectEvents): () => void {
    const socket = net.connect({ host: toSocketHost(address), port, noDelay: true });
    const onFailure = (error: Error) => events.onFailure(error.message);
    socket.once("error", onFailure);
    socket.once("connect", () => {
      socket.off("error", onFailure);
      ignoreErrors(socket);
      socket.setKeepAlive(true, KEEP_ALIVE_MS);
      events.onReady({ stream: new NodeStream(socket) });
    });
    return () => socket.destroy();
  }

  close(): Promise<void> {
    return closeServer(this.#server);
  }
}

/** Binds a server of node:net and resolves with its port. */
export function bind(
  server: net.Server,
  { address, port }: { address: string; port: number },
  events: ListenEvents,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error & { code?: string }) => {
      const isElsewhere = error.code === "EINVAL" || error.code === "EADDRNOTAVAIL";
      reject(isElsewhere ? new Error("The address is not one of this machine") : error);
    };
    server.once("error", onError);
    server.listen({ host: toSocketHost(address), port, backlog: BACKLOG }, () => {
      server.off("error", onError);
      server.on("error", (error) => events.onViolation(`Cannot accept: ${error.message}`));
      resolve((server.address() as net.AddressInfo).port);
    });
  });
}

/** Resolves when the server and its sockets are closed, or after three seconds. */
export async function closeServer(server: net.Server | undefined): Promise<void> {
  if (!server?.listening) return;
  await new Promise<void>((resolve) => {
    const alarm = systemClock.setAlarm(resolve, CLOSING_TIME_MS);
    server.close(() => {
      systemClock.clearAlarm(alarm);
      resolve();
    });
  });
}

/** Ignores errors, which are followed by the end of the socket. Without a listener they would end the process. */
export function ignoreErrors(socket: net.Socket): void {
  socket.on("error", () => {});
}
