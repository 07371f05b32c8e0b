/** Digest challenges (§22.1, RFC 8760): which algorithms a client is offered, and its nonce. */
import type { DigestAlgorithm } from "../../data/ha1.ts";
import { Header } from "../../message/header_name.ts";
import type { SipRequest } from "../../message/sip_message.ts";
import { ownerOf } from "../../runtime/ip/address_words.ts";
import { codeAt } from "../../runtime/text.ts";
import type { Flow } from "../../transport/transport.ts";
import type { Answer } from "../answer.ts";
import { requestHash } from "../stateless_tag.ts";
import { ChallengeHeaders } from "./challenge_headers.ts";
import type { NonceRing } from "./nonce_ring.ts";
import { RecentNonces } from "./recent_nonces.ts";

/** A challenge: its realm, and the status that asks for credentials. */
export interface Challenge {
  /** 401 as a registrar, 407 as a proxy. */
  readonly status: 401 | 407;
  readonly realm: string;
  /** The flow of the request: nonces are bound to its address. */
  readonly flow: Flow;
}

/**
 * User-Agents of clients that give up when one of several challenges has an unknown algorithm (libre before 2.0), where
 * RFC 7616 §3.7 lets them choose another one. They are offered MD5 alone.
 */
const KNOWS_MD5_ONLY = /^baresip v[01]\./i;

/** Algorithms in the order in which some client is offered them, as header lines. */
interface Offer {
  readonly fresh: { readonly 401: ChallengeHeaders; readonly 407: ChallengeHeaders };
  readonly stale: { readonly 401: ChallengeHeaders; readonly 407: ChallengeHeaders };
}

export interface ChallengesParts {
  readonly nonces: NonceRing;
  /** Of hashes of requests. */
  readonly seed: number;
  /** In the order of their challenges. */
  readonly algorithms: readonly DigestAlgorithm[];
}

export class Challenges {
  readonly #nonces: NonceRing;
  readonly #seed: number;
  readonly #recent = new RecentNonces();
  readonly #all: Offer;
  readonly #forBrowsers: Offer;
  readonly #onlyMd5: Offer;

  constructor({ nonces, seed, algorithms }: ChallengesParts) {
    this.#nonces = nonces;
    this.#seed = seed;
    const hasMd5 = algorithms.includes("MD5");
    this.#all = offerOf(algorithms);
    // JsSIP and SIP.js, which browsers have, know MD5 and read the last challenge only.
    this.#forBrowsers = hasMd5
      ? offerOf([...algorithms.filter((algorithm) => algorithm !== "MD5"), "MD5"])
      : this.#all;
    this.#onlyMd5 = hasMd5 ? offerOf(["MD5"]) : this.#all;
  }

  /** Returns the answer that asks for credentials; `isStale` tells that the nonce of former ones alone was wrong. */
  answer(request: SipRequest, { status, realm, flow }: Challenge, isStale = false): Answer {
    const offer = this.#offerTo(request);
    const headers = (isStale ? offer.stale : offer.fresh)[status];
    return { status, headers: headers.write(realm, this.#nonceFor(request, flow)) };
  }

  #offerTo(request: SipRequest): Offer {
    if (knowsMd5Only(request)) return this.#onlyMd5;
    const { transport } = request.topVia;
    const isWebSocket = (codeAt(transport, 0) | 32) === 119 && /^WSS?$/i.test(transport);
    return isWebSocket ? this.#forBrowsers : this.#all;
  }

  /** Returns a new nonce; for a retransmission the former one, because stateless answers are all the same (§8.2.7). */
  #nonceFor(request: SipRequest, flow: Flow): string {
    const source = ownerOf(flow.remoteAddress);
    const hash = requestHash(request, this.#seed);
    let number = this.#recent.find(hash);
    if (number < 0 || !this.#nonces.isOf(source, number)) {
      number = this.#nonces.issue(source, flow.isConnection ? flow.id : 0);
      this.#recent.remember(hash, number);
    }
    return this.#nonces.textOf(number);
  }
}

function offerOf(algorithms: readonly DigestAlgorithm[]): Offer {
  const headers = (isStale: boolean) => ({
    401: new ChallengeHeaders({ status: 401, algorithms, isStale }),
    407: new ChallengeHeaders({ status: 407, algorithms, isStale }),
  });
  return { fresh: headers(false), stale: headers(true) };
}

function knowsMd5Only(request: SipRequest): boolean {
  const row = request.rowOf(Header.UserAgent);
  if (row < 0) return false;
  // Most have another first letter.
  const isSimilar = request.hasFolds || (codeAt(request.text, request.rows[row + 2]) | 32) === 98;
  return isSimilar && KNOWS_MD5_ONLY.test(request.rowValue(row));
}
