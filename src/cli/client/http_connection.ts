/** HTTP and HTTPS to one server, over node:http: its sockets are ours, so that we say whom they trust. */
import { Buffer } from "node:buffer";
import http from "node:http";
import https from "node:https";
import type { Duplex } from "node:stream";
import tls from "node:tls";
import { isIpAddress, toSocketHost } from "../../transport/ip_address.ts";
import { CertificateError, ClientError } from "./client_error.ts";
import { tlsOptionsOf, type Trust } from "./trust.ts";

/** Milliseconds in which nothing comes. Uploads of thousands of resources take seconds. */
const PATIENCE = 60_000;

export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export class HttpConnection implements Disposable {
  readonly #agent: http.Agent;

  /** @param baseUrl the scheme, host and port of all requests */
  constructor(baseUrl: URL, trust: Trust) {
    const options = { keepAlive: true, maxSockets: 1 };
    this.#agent = baseUrl.protocol === "https:" ? new TrustingAgent(trust, options) : new http.Agent(options);
  }

  /**
   * Resolves when the head of the answer is there; its body is to be read. Redirections are answers. Rejects with
   * `ClientError` when there is no answer.
   */
  request({ method, url, headers, body }: HttpRequest): Promise<http.IncomingMessage> {
    const { request } = url.protocol === "https:" ? https : http;
    const length = body === undefined
      ? {}
      : { "content-length": String(new TextEncoder().encode(body).length) };
    return new Promise((resolve, reject) => {
      const sent = request({
        agent: this.#agent,
        method,
        host: toSocketHost(url.hostname),
        port: url.port || undefined,
        path: url.pathname + url.search,
        headers: { ...headers, ...length, host: url.host },
      }, resolve);
      sent.setTimeout(PATIENCE, () => sent.destroy(new Error(`no answer in ${PATIENCE / 1000} s`)));
      sent.on("error", (error: Error & { code?: string }) => reject(connectionError(url, error)));
      sent.end(body);
    });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

/** Every request waits for a handshake that has found the server trustworthy. */
class TrustingAgent extends https.Agent {
  readonly #trust: Trust;

  constructor(trust: Trust, options: https.AgentOptions) {
    super(options);
    this.#trust = trust;
  }

  override createConnection(
    options: https.RequestOptions,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): Duplex {
    this.#connect(options, tlsOptionsOf(this.#trust)).then(
      (socket) => callback?.(null, socket),
      // The types ask for a stream with an error, which is not looked at.
      (error) => callback?.(error, undefined as unknown as Duplex),
    );
    // Node's agents wait for the callback then, which the types do not tell.
    return undefined as unknown as Duplex;
  }

  /** Tries one after the other; rejects with what says more than that nobody known has signed, if anything. */
  async #connect(
    { host: named, port }: https.RequestOptions,
    attempts: readonly tls.ConnectionOptions[],
  ): Promise<tls.TLSSocket> {
    const host = named ?? "localhost";
    const failures: CodedError[] = [];
    for (const attempt of attempts) {
      try {
        return await secured(tls.connect({
          ...attempt,
          ALPNProtocols: ["http/1.1"],
          host,
          port: Number(port ?? 443),
          ...isIpAddress(host) ? {} : { servername: host },
        }));
      } catch (error) {
        failures.push(error as CodedError);
        if (!isAboutCertificate(error as CodedError)) break;
      }
    }
    throw failures.find(({ code = "" }) => !SIGNER_REASONS.has(code)) ?? failures.at(-1);
  }
}

type CodedError = Error & { code?: string };

/** Resolves when the handshake has found the server trustworthy. */
function secured(socket: tls.TLSSocket): Promise<tls.TLSSocket> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once("secureConnect", () => {
      socket.off("error", reject);
      resolve(socket);
    });
  });
}

/** The certificate that a server shows, in PEM. Nothing is sent there, and nothing it says is believed. */
export function shownCertificate(url: URL): Promise<string> {
  const host = toSocketHost(url.hostname);
  return new Promise((resolve, reject) => {
    const socket = tls.connect({
      host,
      port: Number(url.port || 443),
      ...isIpAddress(host) ? {} : { servername: host },
      rejectUnauthorized: false,
    }, () => {
      const raw = Buffer.from(socket.getPeerCertificate().raw);
      socket.destroy();
      const lines = raw.toString("base64").match(/.{1,64}/g) ?? [];
      resolve(["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n"));
    });
    socket.once("error", (error) => reject(connectionError(url, error)));
  });
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ENOTFOUND: "no such host",
  EAI_AGAIN: "the name cannot be looked up",
  ECONNRESET: "the connection was closed",
  ETIMEDOUT: "no answer",
  EHOSTUNREACH: "no way to the host",
  ENETUNREACH: "no way to the network",
};

const UNKNOWN_SIGNER =
  "nobody known has signed its certificate; log in again, or name who has signed it by --cacert";
const SIGNER_REASONS: ReadonlyMap<string, string> = new Map([
  [
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "its certificate is signed by itself; log in at a terminal, or name it by --cacert",
  ],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", UNKNOWN_SIGNER],
  ["UNABLE_TO_GET_ISSUER_CERT", UNKNOWN_SIGNER],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", UNKNOWN_SIGNER],
  ["SELF_SIGNED_CERT_IN_CHAIN", UNKNOWN_SIGNER],
]);
const TIME_REASONS: ReadonlyMap<string, string> = new Map([
  ["CERT_HAS_EXPIRED", "its certificate has expired"],
  ["CERT_NOT_YET_VALID", "its certificate is not valid yet"],
]);

function connectionError({ origin }: URL, error: CodedError): ClientError {
  const { code = "", message } = error;
  if (!isAboutCertificate(error)) {
    return new ClientError(`Cannot connect to ${origin}: ${REASONS[code] ?? message}`);
  }
  return new CertificateError(`Cannot trust ${origin}: ${certificateReason(error)}`, {
    isSelfSigned: code === "DEPTH_ZERO_SELF_SIGNED_CERT",
  });
}

function certificateReason({ code = "", message }: CodedError): string {
  return SIGNER_REASONS.get(code) ?? TIME_REASONS.get(code) ?? message;
}

function isAboutCertificate({ code = "" }: CodedError): boolean {
  return SIGNER_REASONS.has(code) || /CERT/.test(code);
}
