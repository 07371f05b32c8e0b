/** A TLS server on older runtimes, with one certificate, whose sockets come before their handshake. */
import type net from "node:net";
import tls from "node:tls";
import { sleep } from "../../runtime/clock.ts";
import { toSocketHost } from "../../runtime/ip/ip_address.ts";
import { followCertificate, type ShownCertificate } from "./tls_runtime.ts";

/** The server of such runtimes: the host is an option, and `listen` throws. */
interface OldServer {
  listen(port: number, callback: () => void): void;
  close(): void;
  address(): { port: number };
  on(event: "secureConnection", listener: (socket: net.Socket) => void): void;
  on(event: "error", listener: (error: Error) => void): void;
}

/** Time that the system takes to release a port. */
const CLOSING_TIME_MS = 50;

export interface PlainTlsServerOptions {
  readonly address: string;
  /** Returns the certificate; called again from time to time. */
  readonly certificate: () => Promise<ShownCertificate>;
  readonly onSocket: (socket: net.Socket) => void;
  readonly onViolation: (reason: string) => void;
}

export class PlainTlsServer {
  readonly #options: PlainTlsServerOptions;
  #server: OldServer | undefined;
  #port = 0;
  #isClosed = false;
  #stopFollowing = () => {};

  constructor(options: PlainTlsServerOptions) {
    this.#options = options;
  }

  /** Resolves with the port. */
  async listen(port: number): Promise<number> {
    const certificate = await this.#options.certificate();
    this.#open(port, certificate);
    this.#stopFollowing = followCertificate(certificate, this.#options.certificate, async (other) => {
      this.#closeServer();
      await sleep(CLOSING_TIME_MS);
      this.#open(this.#port, other);
    });
    return this.#port;
  }

  close(): void {
    this.#isClosed = true;
    this.#stopFollowing();
    this.#closeServer();
  }

  #closeServer(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  #open(port: number, certificate: ShownCertificate): void {
    if (this.#isClosed) return;
    const { address, onSocket, onViolation } = this.#options;
    const options = { ...certificate, host: toSocketHost(address) };
    const server = tls.createServer(options as tls.TlsOptions) as unknown as OldServer;
    server.on("secureConnection", onSocket);
    server.on("error", (error) => onViolation(`Cannot accept: ${error.message}`));
    server.listen(port, () => {});
    this.#server = server;
    this.#port = server.address().port;
  }
}
