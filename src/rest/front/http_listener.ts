/** The HTTP listener: sockets, TLS and timeouts (RFC 9112). */
import http from "node:http";
import https from "node:https";
import net from "node:net";
import { AddressQuota } from "../../runtime/ip/address_quota.ts";
import { toSocketHost, toUriHost } from "../../runtime/ip/ip_address.ts";
import type { TlsContexts } from "../../transport/tls/tls_contexts.ts";
import {
  followCertificate,
  HAS_FULL_SERVERS,
  type ShownCertificate,
} from "../../transport/tls/tls_runtime.ts";
import type { FrontLimits, ListeningAddress } from "./front_messages.ts";
import { RefusalLines } from "./refusal_lines.ts";
import { clientAddress } from "./request_relay.ts";

/** Connections that may wait to be accepted. */
const BACKLOG = 256;
/** Checks of a connection within its timeout. */
const CHECKS_PER_TIMEOUT = 5;

export interface HttpListenerOptions {
  readonly limits: FrontLimits;
  /** Makes it HTTPS. */
  readonly contexts: TlsContexts | undefined;
  readonly onRequest: (request: http.IncomingMessage, response: http.ServerResponse) => void;
}

export class HttpListener {
  readonly #options: HttpListenerOptions;
  readonly #quota: AddressQuota;
  readonly #sockets = new Set<net.Socket>();
  readonly #lines = new RefusalLines();
  #server: http.Server | undefined;
  #bound: ListeningAddress = { address: "", port: 0 };
  #rejected = 0;
  /** The certificate of all servers of an older runtime. */
  #certificate: ShownCertificate | undefined;
  #stopFollowing = () => {};

  constructor(options: HttpListenerOptions) {
    this.#options = options;
    this.#quota = new AddressQuota(Math.ceil(options.limits.maxConnections / 4));
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** The number of refused connections, and of those that sent no HTTP. */
  get rejected(): number {
    return this.#rejected;
  }

  /**
   * Moves the listener to an address; requests under way are answered. Rejects with the reason when there is no
   * certificate or the address cannot be bound; the old address then stays.
   */
  async listen(address: string, port: number): Promise<ListeningAddress> {
    const { contexts } = this.#options;
    await contexts?.prepareServer();
    if (contexts !== undefined && !HAS_FULL_SERVERS) await this.#follow(contexts);
    const before = this.#server;
    // The new address may contain the old one.
    if (before !== undefined) closeAlone(before);
    try {
      this.#server = this.#createServer();
      this.#bound = await listen(this.#server, address, port);
    } catch (error) {
      this.#server = before;
      if (before !== undefined) {
        this.#server = this.#createServer();
        await listen(this.#server, this.#bound.address, this.#bound.port);
      }
      throw error;
    }
    return this.#bound;
  }

  /** Accepts no more connections. */
  stopListening(): void {
    this.#stopFollowing();
    if (this.#server?.listening) this.#server.close();
  }

  destroy(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#lines.close();
  }

  #createServer(): http.Server {
    const { limits: { maxHeaderBytes, timeoutMillis }, contexts, onRequest } = this.#options;
    const options = {
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: timeoutMillis,
      requestTimeout: timeoutMillis,
      keepAliveTimeout: timeoutMillis,
      connectionsCheckingInterval: Math.ceil(timeoutMillis / CHECKS_PER_TIMEOUT),
      noDelay: true,
    };
    const server = contexts === undefined ? http.createServer(options) : https.createServer({
      ...options,
      ...this.#certificate,
      handshakeTimeout: timeoutMillis,
      SNICallback: (name, callback) =>
        void contexts.serverContext(name).then((context) => callback(null, context), callback),
      requestCert: contexts.settings.clientCertificates !== "none",
      // The request is refused instead, with a reason.
      rejectUnauthorized: false,
    }) as unknown as http.Server;
    server.on("request", onRequest);
    server.on("checkContinue", onRequest);
    server.on("connection", (socket: net.Socket) => this.#onConnection(socket));
    server.on("clientError", (error: Error & { code?: string }, socket: net.Socket) => {
      this.#rejected++;
      const address = clientAddress(socket);
      if (address !== undefined) this.#lines.connection(address, error.message);
      refuse(error.code ?? "", socket);
    });
    return server;
  }

  /** Shows the current certificate, also after it has changed. */
  async #follow(contexts: TlsContexts): Promise<void> {
    if (this.#certificate !== undefined) return;
    contexts.warnOfOlderRuntime();
    const read = () => contexts.onlyCertificate();
    this.#certificate = await read();
    this.#stopFollowing = followCertificate(this.#certificate, read, async (other) => {
      this.#certificate = other;
      await this.listen(this.#bound.address, this.#bound.port);
    });
  }

  #onConnection(socket: net.Socket): void {
    socket.on("error", () => {});
    const address = clientAddress(socket);
    if (
      address === undefined || this.#sockets.size >= this.#options.limits.maxConnections ||
      !this.#quota.take(address)
    ) {
      this.#rejected++;
      if (address !== undefined) this.#lines.connection(address, "too many connections");
      return void socket.destroy();
    }
    this.#sockets.add(socket);
    socket.once("close", () => {
      this.#sockets.delete(socket);
      this.#quota.release(address);
    });
  }
}

/**
 * Closes a server without its connections. The method of HTTP servers would also end the timeouts of open connections.
 */
function closeAlone(server: http.Server): void {
  if (server instanceof net.Server) net.Server.prototype.close.call(server);
  // An older runtime.
  else (server as http.Server).close();
}

function listen(server: http.Server, address: string, port: number): Promise<ListeningAddress> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error & { code?: string }) => {
      reject(new Error(`Cannot listen on ${toUriHost(address)}:${port}: ${reasonOf(error)}`));
    };
    server.once("error", onError);
    server.listen({ host: toSocketHost(address), port, backlog: BACKLOG }, () => {
      server.off("error", onError);
      // A temporary error, such as too many open files.
      server.on("error", () => {});
      const bound = server.address() as net.AddressInfo;
      resolve({ address: toUriHost(bound.address), port: bound.port });
    });
  });
}

function reasonOf({ code, message }: Error & { code?: string }): string {
  if (code === "EADDRINUSE") return "the port is taken";
  if (code === "EACCES") return "the port needs more rights";
  if (code === "EADDRNOTAVAIL" || code === "EINVAL") return "the address is not one of this machine";
  return message;
}

/** Answers a malformed or late request; a failed handshake gets no answer. */
function refuse(code: string, socket: net.Socket): void {
  const status = statusOf(code);
  const { _httpMessage: response } = socket as { _httpMessage?: http.ServerResponse | null };
  if (status === undefined || !socket.writable || response?.headersSent) return void socket.destroy();
  socket.end(
    `HTTP/1.1 ${status} ${http.STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
  );
}

function statusOf(code: string): number | undefined {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return 408;
  if (code === "HPE_HEADER_OVERFLOW") return 431;
  return code.startsWith("HPE_") ? 400 : undefined;
}
