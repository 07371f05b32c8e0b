/** Identification of clients by their certificates. */
import type tls from "node:tls";
import { faultOfTime } from "../../transport/tls/certificate_time.ts";
import type { TlsContexts } from "../../transport/tls/tls_contexts.ts";
import { HttpError } from "../http/http_error.ts";

/** Checks the certificate of each connection once. */
export class ClientCertificates {
  readonly #contexts: TlsContexts;
  readonly #subjects = new WeakMap<tls.TLSSocket, Promise<string | undefined>>();

  constructor(contexts: TlsContexts) {
    this.#contexts = contexts;
  }

  /** Returns the subject of a trusted certificate: `CN=console,O=Example`. Rejects when a required one is missing. */
  async subjectOf(socket: tls.TLSSocket): Promise<string | undefined> {
    let subject = this.#subjects.get(socket);
    if (subject === undefined) this.#subjects.set(socket, subject = this.#read(socket));
    const known = await subject;
    if (known === undefined && this.#contexts.settings.clientCertificates === "required") {
      throw new HttpError(403, "A certificate that is trusted here is needed");
    }
    return known;
  }

  async #read(socket: tls.TLSSocket): Promise<string | undefined> {
    // Older runtimes pass plain sockets.
    const { raw, subject } = socket.getPeerCertificate?.() ?? {};
    if (!raw) return undefined;
    // The runtime does not check the validity of a certificate that is in the trust store itself.
    const isGood = faultOfTime(raw) === undefined &&
      (socket.authorized || await this.#contexts.isPinned(raw).catch(() => false));
    return isGood
      ? Object.entries(subject ?? {}).map(([name, value]) => `${name}=${value}`).join(",")
      : undefined;
  }
}
