/** A connection to one server by HTTP or HTTPS, with its own rules of trust. */
import { Buffer } from "node:buffer";
import net from "node:net";
import tls from "node:tls";
import { isIpAddress, toSocketHost } from "../../runtime/ip/ip_address.ts";
import { onceSecure } from "../../transport/tls/tls_runtime.ts";
import { CertificateError, ClientError } from "./client_error.ts";
import { type HttpResponse, HttpWire, UnansweredError } from "./http_wire.ts";
import { type Trust, type TrustAttempt, trustAttempts } from "./trust.ts";

/** The maximal silence; uploads of thousands of resources take seconds. */
const TIMEOUT_MS = 60_000;
/** Requests by these methods may be sent twice. */
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

  /** @param baseUrl scheme, host and port of all requests */
  constructor(baseUrl: URL, trust: Trust) {
    this.#baseUrl = baseUrl;
    this.#trust = trust;
  }

  /**
   * Sends a request. Resolves with the head of the answer, whose body must be read before the next request. Does not follow
   * redirects. Rejects with `ClientError` without an answer.
   */
  async request(request: HttpRequest): Promise<HttpResponse> {
    const head = headOf(request);
    try {
      const wire = this.#wire;
      if (wire?.isIdle) {
        try {
          return await wire.exchange(head, request.body);
        } catch (error) {
          // The server has closed an idle connection.
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
    : await connected(withTimeout(net.connect({
      host: toSocketHost(url.hostname),
      port: Number(url.port || 80),
    })));
  socket.on("error", () => {});
  return socket;
}

/** Sets the timeout of a socket and returns it. */
function withTimeout<S extends net.Socket>(socket: S): S {
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error(`no answer in ${TIMEOUT_MS / 1000} s`)));
  return socket;
}

/**
 * Tries one attempt after the other. Rejects with the most specific reason: preferably another than an unknown signer.
 */
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
  return withTimeout(tls.connect({
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

/** Resolves after a handshake with a trusted server. */
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

/** The server shows another certificate than the expected one. */
class UnknownCertificateError extends Error {
  readonly code = "UNABLE_TO_VERIFY_LEAF_SIGNATURE";
}

/** Returns the certificate that a server shows, in PEM. Sends nothing and trusts nothing. */
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
  CERT_HAS_EXPIRED: "its certificate has expired",
  CERT_NOT_YET_VALID: "its certificate is not valid yet",
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

/** Messages of older runtimes about certificates, with the error codes of newer ones. */
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
  const code = codeOf(error);
  if (!isAboutCertificate(error)) {
    return new ClientError(`Cannot connect to ${origin}: ${REASONS[code] ?? error.message}`);
  }
  const reason = SIGNER_REASONS.get(code) ?? REASONS[code] ?? error.message;
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
