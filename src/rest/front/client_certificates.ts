/** Who a client is by its certificate. */
import type tls from "node:tls";
import { faultOfTime } from "../../transport/tls/certificate_time.ts";
import type { TlsContexts } from "../../transport/tls/tls_contexts.ts";
import { Refusal } from "./request_body.ts";

/** Looks at the certificate of a connection once. */
export class ClientCertificates {
  readonly #contexts: TlsContexts;
  readonly #subjects = new WeakMap<tls.TLSSocket, Promise<string | undefined>>();

  constructor(contexts: TlsContexts) {
    this.#contexts = contexts;
  }

  /**
   * The subject, as `CN=console,O=Example`, of a certificate that is trusted; undefined without one. Rejects with a
   * `Refusal` when there has to be one.
   */
  async subjectOf(socket: tls.TLSSocket): Promise<string | undefined> {
    let subject = this.#subjects.get(socket);
    if (subject === undefined) this.#subjects.set(socket, subject = this.#read(socket));
    const known = await subject;
    if (known === undefined && this.#contexts.settings.clientCertificates === "required") {
      throw new Refusal(403, "A certificate that is trusted here is needed");
    }
    return known;
  }

  async #read(socket: tls.TLSSocket): Promise<string | undefined> {
    // Older runtimes have plain sockets here.
    const { raw, subject } = socket.getPeerCertificate?.() ?? {};
    if (!raw) return undefined;
    // The runtime does not look at the time of a certificate that is in the trust store itself.
    const isGood = faultOfTime(raw) === undefined &&
      (socket.authorized || await this.#contexts.isPinned(raw).catch(() => false));
    return isGood
      ? Object.entries(subject ?? {}).map(([name, value]) => `${name}=${value}`).join(",")
      : undefined;
  }
}
