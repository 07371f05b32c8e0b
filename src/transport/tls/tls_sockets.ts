/** TLS sockets (§26.2.1, RFC 5922), over node:tls. */
import type net from "node:net";
import tls from "node:tls";
import { logger } from "../../runtime/log.ts";
import { isIpAddress, toSocketHost } from "../../runtime/ip/ip_address.ts";
import { NodeStream } from "../node_stream.ts";
import type { ConnectEvents, IncomingConnection, ListenEvents, Sockets } from "../sockets.ts";
import { bind, closeServer, ignoreErrors, KEEP_ALIVE_MS } from "../tcp_sockets.ts";
import { isFor, namesOf } from "./certificate_names.ts";
import { faultOfTime } from "./certificate_time.ts";
import { PlainTlsServer } from "./plain_tls_server.ts";
import type { TlsContexts } from "./tls_contexts.ts";
import { HAS_FULL_SERVERS, onceSecure } from "./tls_runtime.ts";

const log = logger("tls");

/** An endpoint to connect to, and the domain that its certificate must be for. */
interface TlsEndpoint {
  readonly address: string;
  readonly port: number;
  readonly domain?: string;
}

export class TlsSockets implements Sockets {
  readonly #contexts: TlsContexts;
  readonly #incoming = new Map<string, IncomingConnection>();
  /** Remote endpoints of plain sockets, which forget them when they are closed. */
  readonly #peers = new WeakMap<net.Socket, string>();
  #server: tls.Server | undefined;
  #plainServer: PlainTlsServer | undefined;

  constructor(contexts: TlsContexts) {
    this.#contexts = contexts;
  }

  /** Rejects also when there is no certificate. */
  async listen(endpoint: { address: string; port: number }, events: ListenEvents): Promise<number> {
    const contexts = this.#contexts;
    await contexts.prepareServer();
    if (!HAS_FULL_SERVERS) return await this.#listenPlainly(endpoint, events);
    const server = tls.createServer({
      noDelay: true,
      SNICallback: (name, callback) =>
        void contexts.serverContext(name).then((context) => callback(null, context), callback),
      requestCert: contexts.settings.clientCertificates !== "none",
      // `#onSecure` checks, and can name the reason.
      rejectUnauthorized: false,
    });
    this.#server = server;
    server.on("connection", (socket: net.Socket) => {
      ignoreErrors(socket);
      socket.setKeepAlive(true, KEEP_ALIVE_MS);
      const key = nameOf(socket);
      this.#peers.set(socket, `${socket.remoteAddress}:${socket.remotePort}`);
      const incoming = events.onConnection(new NodeStream(socket));
      if (!incoming) return;
      this.#incoming.set(key, incoming);
      socket.on("close", () => this.#incoming.delete(key));
    });
    server.on("tlsClientError", (error: Error & { code?: string }, socket: tls.TLSSocket) => {
      // A reset is no violation.
      if (error.code === "ECONNRESET") socket.destroy();
      else this.#refuse(socket, error.message, events);
    });
    server.on("secureConnection", (socket: tls.TLSSocket) => this.#onSecure(socket, events));
    return await bind(server, endpoint, events);
  }

  connect(endpoint: TlsEndpoint, events: ConnectEvents): () => void {
    let socket: tls.TLSSocket | undefined;
    let isGivenUp = false;
    this.#contexts.clientOptions().then((options) => {
      if (!isGivenUp) socket = this.#connect(endpoint, options, events);
    }).catch((error) => events.onFailure(error instanceof Error ? error.message : String(error)));
    return () => {
      isGivenUp = true;
      socket?.destroy();
    };
  }

  close(): Promise<void> {
    this.#plainServer?.close();
    return closeServer(this.#server);
  }

  /** Listens on an older runtime, where a failed handshake only ends its socket. */
  async #listenPlainly(
    { address, port }: { address: string; port: number },
    events: ListenEvents,
  ): Promise<number> {
    const contexts = this.#contexts;
    contexts.warnOfOlderRuntime();
    this.#plainServer = new PlainTlsServer({
      address,
      certificate: () => contexts.onlyCertificate(),
      onSocket: (socket) => {
        ignoreErrors(socket);
        socket.setNoDelay(true);
        socket.setKeepAlive(true, KEEP_ALIVE_MS);
        const stream = new NodeStream(socket);
        events.onConnection(stream)?.onReady({ stream });
      },
      onViolation: (reason) => events.onViolation(reason),
    });
    return await this.#plainServer.listen(port);
  }

  #connect(endpoint: TlsEndpoint, options: tls.ConnectionOptions, events: ConnectEvents): tls.TLSSocket {
    const { settings } = this.#contexts;
    const { address, port, domain = address } = endpoint;
    const socket = tls.connect({
      ...options,
      host: toSocketHost(address),
      port,
      ...(isIpAddress(domain) ? {} : { servername: domain }),
      rejectUnauthorized: settings.verifiesServers,
      // `onSecure` checks, when older runtimes know the certificate.
      checkServerIdentity: () => undefined,
    });
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    let isConnected = false;
    socket.once("connect", () => isConnected = true);
    const onFailure = (error: Error) => {
      if (settings.isDebugging) {
        logHandshake("Handshake failed", socket, { reason: error.message, peer: `${address}:${port}` });
      }
      events.onFailure(isConnected ? `TLS handshake with ${domain} failed: ${error.message}` : error.message);
    };
    socket.once("error", onFailure);
    const onSecure = (certificate: Uint8Array) => {
      const fault = settings.verifiesServers ? this.#faultOfName(certificate, domain) : undefined;
      if (fault !== undefined) return void socket.destroy(fault);
      socket.off("error", onFailure);
      ignoreErrors(socket);
      if (settings.isDebugging) logHandshake("Connected", socket);
      events.onReady({ stream: new NodeStream(socket), peerNames: settings.verifiesServers ? [domain] : [] });
    };
    socket.once("secureConnect", () => onceSecure(socket, onSecure));
    return socket;
  }

  /** Returns the fault of a certificate that is not for a domain (RFC 5922 §7.2). */
  #faultOfName(certificate: Uint8Array, domain: string): Error | undefined {
    const names = namesOf(certificate);
    if (isFor(names, domain, this.#contexts.settings.allowsWildcards)) return undefined;
    const owners = [...names.domains, ...names.addresses].join(", ") || "nobody";
    return new Error(`The certificate is for ${owners}, not for ${domain}`);
  }

  #onSecure(socket: tls.TLSSocket, events: ListenEvents): void {
    ignoreErrors(socket);
    const incoming = this.#incoming.get(nameOf(socket));
    if (!incoming) return void socket.destroy();
    if (this.#contexts.settings.clientCertificates === "none") return this.#accept(socket, incoming);
    const { raw } = socket.getPeerCertificate();
    if (!raw) return this.#decide(socket, { incoming, fault: "it shows no certificate" }, events);
    // The runtime does not check the dates of a certificate in the trust store.
    const fault = faultOfTime(raw);
    if (fault !== undefined || socket.authorized) {
      return this.#decide(socket, { incoming, fault, raw }, events);
    }
    const reason = String(socket.authorizationError);
    this.#contexts.isPinned(raw).catch(() => false).then((isPinned) =>
      this.#decide(socket, { incoming, fault: isPinned ? undefined : reason, raw }, events)
    );
  }

  /** Accepts or refuses a client. `fault` is that of its certificate. */
  #decide(
    socket: tls.TLSSocket,
    { incoming, fault, raw }: { incoming: IncomingConnection; fault: string | undefined; raw?: Uint8Array },
    events: ListenEvents,
  ): void {
    if (fault === undefined && raw) this.#accept(socket, incoming, namesOf(raw).domains);
    else if (this.#contexts.settings.clientCertificates === "wanted") this.#accept(socket, incoming);
    else this.#refuse(socket, fault ?? "", events);
  }

  #accept(socket: tls.TLSSocket, incoming: IncomingConnection, peerNames: readonly string[] = []): void {
    if (this.#contexts.settings.isDebugging) logHandshake("Accepted", socket);
    incoming.onReady({ stream: new NodeStream(socket), peerNames });
  }

  #refuse(socket: tls.TLSSocket, reason: string, events: ListenEvents): void {
    const plain = (socket as { _parent?: net.Socket })._parent;
    const peer = plain && this.#peers.get(plain);
    if (this.#contexts.settings.isDebugging) logHandshake("Refused", socket, { reason, peer });
    events.onViolation(`TLS handshake with ${peer ?? "a peer"} failed: ${reason}`);
    socket.destroy();
  }
}

/** Returns a key that a TLS socket shares with the plain socket below. */
function nameOf(socket: net.Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort} ${socket.localAddress}`;
}

/** Logs a handshake (`spec.securityContext.debugging`). */
function logHandshake(
  what: string,
  socket: tls.TLSSocket,
  known: { reason?: string; peer?: string } = {},
): void {
  const { reason, peer = `${socket.remoteAddress}:${socket.remotePort}` } = known;
  const subject = socket.getPeerCertificate?.()?.subject;
  log.info(
    "{what}: {peer}, {version} {cipher}, server name {serverName}, ALPN {alpn}, certificate {subject}{reason}",
    {
      what,
      peer,
      version: socket.getProtocol?.() ?? "no version",
      cipher: socket.getCipher?.()?.name ?? "no cipher",
      serverName: (socket as { servername?: string | null }).servername || "none",
      alpn: socket.alpnProtocol || "none",
      subject: subject ? Object.entries(subject).map(([key, value]) => `${key}=${value}`).join(" ") : "none",
      reason: reason === undefined ? "" : `: ${reason}`,
    },
  );
}
