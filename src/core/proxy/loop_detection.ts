/** Loops (§16.3 step 4, RFC 5393 §4.2): a request that comes back with nothing changed that decides where it goes. */
import { Header } from "../../message/header_name.ts";
import type { SipRequest } from "../../message/sip_message.ts";
import { MAGIC_COOKIE, parseVia } from "../../message/via.ts";
import { randomToken } from "../../runtime/random.ts";
import type { TransportLayer } from "../../transport/transport_layer.ts";
import { hexOf } from "../../runtime/hexadecimal.ts";
import { hashText } from "../../runtime/table_hash.ts";

export class LoopDetection {
  readonly #transport: Pick<TransportLayer, "isLocal">;
  readonly #seed: number;

  /** @param seed shared by all threads of a server, as a request may come back to another one */
  constructor(transport: Pick<TransportLayer, "isLocal">, seed: number) {
    this.#transport = transport;
    this.#seed = seed;
  }

  /** Returns the end of our branches: a digest of everything that decides where we send a request, Request-URI and Route. */
  digestOf(request: SipRequest): string {
    let digest = hashText(request.requestUri, this.#seed);
    for (let row = request.rowOf(Header.Route); row >= 0; row = request.rowOf(Header.Route, row)) {
      digest = hashText(request.rowValue(row), digest);
    }
    return `.${hexOf(digest)}`;
  }

  /** Reports whether this request was here before, with everything the same that decides where it goes. */
  isLoop(request: SipRequest): boolean {
    return !request.hasOneVia && this.#wasSentSo(request);
  }

  /** Reports whether a Via is ours, with the digest that the request has now. */
  #wasSentSo(request: SipRequest): boolean {
    const digest = this.digestOf(request);
    return request.values(Header.Via).some((value) => {
      const via = parseVia(value, 0, value.length);
      return via !== undefined && via.branch.endsWith(digest) &&
        this.#transport.isLocal(via.host, via.port ?? 5060);
    });
  }
}

/** Returns a new branch of ours: unique up to the dot, with which the digest begins (§16.6 step 8). */
export function newBranch(digest: string): string {
  return `${MAGIC_COOKIE}${randomToken()}${digest}`;
}
