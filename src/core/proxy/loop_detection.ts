/** Loops (§16.3 step 4, RFC 5393 §4.2): a request that comes back with nothing changed that decides where it goes. */
import { Header } from "../../message/header_name.ts";
import type { SipRequest } from "../../message/sip_message.ts";
import { MAGIC_COOKIE, parseVia } from "../../message/via.ts";
import { randomToken } from "../../runtime/random.ts";
import type { TransportLayer } from "../../transport/transport_layer.ts";
import { codeAt } from "../../runtime/text.ts";

export class LoopDetection {
  readonly #transport: Pick<TransportLayer, "isLocal">;
  readonly #seed: number;

  /** @param seed shared by all threads of a server, as a request may come back to another one */
  constructor(transport: Pick<TransportLayer, "isLocal">, seed: number) {
    this.#transport = transport;
    this.#seed = seed;
  }

  /** Returns a digest of everything that decides where we send a request: Request-URI and Route. */
  digestOf(request: SipRequest): string {
    let digest = hash(this.#seed, request.requestUri);
    for (let row = request.rowOf(Header.Route); row >= 0; row = request.rowOf(Header.Route, row)) {
      digest = hash(digest, request.rowValue(row));
    }
    return (digest >>> 0).toString(36);
  }

  /** Reports whether this request was here before, with everything the same that decides where it goes. */
  isLoop(request: SipRequest): boolean {
    const first = request.rowOf(Header.Via);
    const isOnlyVia = request.topVia.end === request.rows[first + 3] && request.rowOf(Header.Via, first) < 0;
    if (isOnlyVia) return false;
    const digest = this.digestOf(request);
    return request.values(Header.Via).some((value) => {
      const via = parseVia(value, 0, value.length);
      if (!via || !this.#transport.isLocal(via.host, via.port ?? 5060)) return false;
      return via.branch.slice(via.branch.lastIndexOf(".") + 1) === digest;
    });
  }
}

/** Returns a new branch of ours: unique before the dot, the digest behind it (§16.6 step 8). */
export function newBranch(digest: string): string {
  return `${MAGIC_COOKIE}${randomToken()}.${digest}`;
}

function hash(start: number, text: string): number {
  let result = start;
  for (let i = 0, end = text.length; i < end; i++) result = Math.imul(result ^ codeAt(text, i), 0x01000193);
  return result;
}
