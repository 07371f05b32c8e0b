/** HTTP and HTTPS to one server: sockets are ours, so that we say whom they trust. */
import { Buffer } from "node:buffer";
import net from "node:net";
import tls from "node:tls";
import { isIpAddress, toSocketHost } from "../../runtime/ip/ip_address.ts";
import { onceSecure } from "../../transport/tls/tls_runtime.ts";
import { CertificateError, ClientError } from "./client_error.ts";
import { type HttpResponse, HttpWire, UnansweredError } from "./http_wire.ts";
import { type Trust, type TrustAttempt, trustAttempts } from "./trust.ts";

/** Milliseconds in which nothing comes. Uploads of thousands of resources take seconds. */
const PATIENCE = 60_000;
/** Methods whose requests may be sent twice. */
const IDEMPOTENT: ReadonlySet<string> = new Set(["GET", "PUT", "DELETE"]);

export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export class HttpConnection implements Disposable {
  readonly #baseUrl: URL;
  readonly #trust: Trust;
  #wire: HttpWire | undefined;

  /** @param baseUrl the scheme, host and port of all requests */
  constructor(baseUrl: URL, trust: Trust) {
    this.#baseUrl = baseUrl;
    this.#trust = trust;
  }

  /**
   * Resolves when the head of the answer is there; its body is to be read before the next request. Redirections are
   * answers. Rejects with `ClientError` when there is no answer.
   */
  async request(request: HttpRequest): Promise<HttpResponse> {
    const head = headOf(request);
    try {
      const wire = this.#wire;
      if (wire?.isIdle) {
        try {
          return await wire.exchange(head, request.body);
        } catch (error) {
          // It was closed for its silence.
          if (!(error instanceof UnansweredError) || !IDEMPOTENT.has(request.method)) throw error;
        }
      }
      wire?.close();
      this.#wire = new HttpWire(await connect(this.#baseUrl, this.#trust));
      return await this.#wire.exchange(head, request.body);
    } catch (error) {
      throw connectionError(request.url, error as CodedError);
    }
  }

  [Symbol.dispose](): void {
    this.#wire?.close();
  }
}

function headOf({ method, url, headers, body }: HttpRequest): string {
  const fields = {
    host: url.host,
    ...headers,
    ...body !== undefined && { "content-length": String(Buffer.byteLength(body)) },
  };
  const lines = Object.entries(fields).map(([name, value]) => {
    if (/[\r\n\0]/.test(value)) throw new Error(`The header field ${name} cannot have a line break`);
    return `${name}: ${value}`;
  });
  return [`${method} ${url.pathname}${url.search} HTTP/1.1`, ...lines, "", ""].join("\r\n");
}

async function connect(url: URL, trust: Trust): Promise<net.Socket> {
  const socket = url.protocol === "https:"
    ? await connectTrusting(url, trustAttempts(trust))
    : await connected(impatient(net.connect({
      host: toSocketHost(url.hostname),
      port: Number(url.port || 80),
    })));
  socket.on("error", () => {});
  return socket;
}

/** The same socket; it ends when nothing comes for too long. */
function impatient<S extends net.Socket>(socket: S): S {
  socket.setTimeout(PATIENCE, () => socket.destroy(new Error(`no answer in ${PATIENCE / 1000} s`)));
  return socket;
}

/** Tries one after the other; rejects with what says more than that nobody known has signed, if anything. */
async function connectTrusting(url: URL, attempts: readonly TrustAttempt[]): Promise<tls.TLSSocket> {
  const failures: CodedError[] = [];
  for (const { options, isExpected } of attempts) {
    try {
      return await secured(tlsSocket(url, options), isExpected);
    } catch (error) {
      failures.push(error as CodedError);
      if (!isAboutCertificate(error as CodedError)) break;
    }
  }
  throw failures.find((failure) => !isAboutSigner(failure)) ?? failures.at(-1);
}

function tlsSocket(url: URL, options: tls.ConnectionOptions): tls.TLSSocket {
  const host = toSocketHost(url.hostname);
  return impatient(tls.connect({
    ...options,
    ALPNProtocols: ["http/1.1"],
    host,
    port: Number(url.port || 443),
    ...isIpAddress(host) ? {} : { servername: host },
  }));
}

type CodedError = Error & { code?: string };

function connected(socket: net.Socket): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      resolve(socket);
    });
  });
}

/** Resolves when the handshake has found the server trustworthy. */
function secured(
  socket: tls.TLSSocket,
  isExpected: TrustAttempt["isExpected"] = () => true,
): Promise<tls.TLSSocket> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once("close", () => reject(Object.assign(new Error(), { code: "ECONNRESET" })));
    socket.once("secureConnect", () =>
      onceSecure(socket, (certificate) => {
        if (!isExpected(certificate)) return void socket.destroy(new UnknownCertificateError());
        socket.off("error", reject);
        resolve(socket);
      }));
  });
}

/** The server shows a certificate that is not the expected one. */
class UnknownCertificateError extends Error {
  readonly code = "UNABLE_TO_VERIFY_LEAF_SIGNATURE";
}

/** The certificate that a server shows, in PEM. Nothing is sent there, and nothing it says is believed. */
export function shownCertificate(url: URL): Promise<string> {
  const socket = tlsSocket(url, { rejectUnauthorized: false });
  return new Promise((resolve, reject) => {
    socket.on("error", (error) => reject(connectionError(url, error)));
    socket.once("secureConnect", () =>
      onceSecure(socket, (certificate) => {
        socket.destroy();
        const lines = Buffer.from(certificate).toString("base64").match(/.{1,64}/g) ?? [];
        resolve(["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n"));
      }));
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

/** What older runtimes say of certificates, in words and without a code; and what newer ones call the same. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/UnknownIssuer/, "UNABLE_TO_GET_ISSUER_CERT"],
  [/Expired/, "CERT_HAS_EXPIRED"],
  [/NotValidYet/, "CERT_NOT_YET_VALID"],
  [/not valid for/, "ERR_TLS_CERT_ALTNAME_INVALID"],
  [/invalid peer certificate/, "CERT_REJECTED"],
];

function codeOf({ code, message }: CodedError): string {
  return code ?? WORDS.find(([pattern]) => pattern.test(message))?.[1] ?? "";
}

function connectionError({ origin }: URL, error: CodedError): ClientError {
  if (error instanceof UnansweredError) {
    return new ClientError(`Cannot connect to ${origin}: ${error.message}`);
  }
  const code = codeOf(error);
  if (!isAboutCertificate(error)) {
    return new ClientError(`Cannot connect to ${origin}: ${REASONS[code] ?? error.message}`);
  }
  const reason = SIGNER_REASONS.get(code) ?? TIME_REASONS.get(code) ?? error.message;
  return new CertificateError(`Cannot trust ${origin}: ${reason}`, {
    isSignerUnknown: isAboutSigner(error),
  });
}

function isAboutCertificate(error: CodedError): boolean {
  return isAboutSigner(error) || /CERT/.test(codeOf(error));
}

function isAboutSigner(error: CodedError): boolean {
  return SIGNER_REASONS.has(codeOf(error));
}
