/** Loops (§16.3 step 4, RFC 5393 §4.2): a request that comes back with nothing changed that decides where it goes. */
import { Header } from "../../message/header_name.ts";
import type { SipRequest } from "../../message/sip_message.ts";
import { MAGIC_COOKIE, parseVia } from "../../message/via.ts";
import { randomToken } from "../../runtime/random.ts";
import type { TransportLayer } from "../../transport/transport_layer.ts";
import { codeAt } from "../../runtime/text.ts";

const DIGITS = Uint8Array.from("0123456789abcdef", (digit) => codeAt(digit, 0));

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
    let digest = hash(this.#seed, request.requestUri);
    for (let row = request.rowOf(Header.Route); row >= 0; row = request.rowOf(Header.Route, row)) {
      digest = hash(digest, request.rowValue(row));
    }
    return String.fromCharCode(
      46,
      DIGITS[digest >>> 28],
      DIGITS[digest >>> 24 & 15],
      DIGITS[digest >>> 20 & 15],
      DIGITS[digest >>> 16 & 15],
      DIGITS[digest >>> 12 & 15],
      DIGITS[digest >>> 8 & 15],
      DIGITS[digest >>> 4 & 15],
      DIGITS[digest & 15],
    );
  }

  /** Reports whether this request was here before, with everything the same that decides where it goes. */
  isLoop(request: SipRequest): boolean {
    const first = request.rowOf(Header.Via);
    const isOnlyVia = request.topVia.end === request.rows[first + 3] && request.rowOf(Header.Via, first) < 0;
    return !isOnlyVia && this.#wasSentSo(request);
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

function hash(start: number, text: string): number {
  let result = start;
  for (let i = 0, end = text.length; i < end; i++) result = Math.imul(result ^ codeAt(text, i), 0x01000193);
  return result;
}
