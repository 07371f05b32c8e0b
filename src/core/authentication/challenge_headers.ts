/** The header lines of a challenge (§22.1, RFC 7616 §3.3, RFC 8760 §2.4). */
import type { DigestAlgorithm } from "../../data/ha1.ts";
import { formatDigestChallenge } from "../../message/digest.ts";
import { BoundedTextMap } from "../../runtime/bounded_map.ts";
import { detachText } from "../../runtime/text.ts";

/** Realms whose lines are remembered. */
const MAX_REALMS = 256;
/** Stands for the nonce where lines are cut; no realm has this character. */
const NONCE = "\0";

export interface ChallengeHeadersParts {
  /** 401 as a registrar, 407 as a proxy. */
  readonly status: 401 | 407;
  /** In the order of their challenges. */
  readonly algorithms: readonly DigestAlgorithm[];
  /** Whether the nonce alone was wrong. */
  readonly isStale: boolean;
}

/** Lines that differ in realm and nonce only; what stands around the nonces of a realm is made once. */
export class ChallengeHeaders {
  readonly #parts: ChallengeHeadersParts;
  readonly #pieces = new BoundedTextMap<readonly string[]>(MAX_REALMS);

  constructor(parts: ChallengeHeadersParts) {
    this.#parts = parts;
  }

  /** Returns one line for each algorithm, with CRLF. */
  write(realm: string, nonce: string): string {
    let pieces = this.#pieces.get(realm);
    if (pieces === undefined) {
      pieces = this.#piecesFor(realm);
      this.#pieces.set(detachText(realm), pieces);
    }
    let lines = pieces[0];
    for (let i = 1; i < pieces.length; i++) lines += nonce + pieces[i];
    return lines;
  }

  #piecesFor(realm: string): readonly string[] {
    const { status, algorithms, isStale } = this.#parts;
    const name = status === 401 ? "WWW-Authenticate" : "Proxy-Authenticate";
    const stale = isStale ? "true" : "";
    const lines = algorithms.map((algorithm) => {
      const fields = { realm, nonce: NONCE, algorithm, qop: "auth", stale, opaque: "", domain: "" };
      return `${name}: ${formatDigestChallenge(fields)}\r\n`;
    });
    return lines.join("").split(NONCE);
  }
}
