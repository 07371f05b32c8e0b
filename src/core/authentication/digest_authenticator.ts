/** Digest authentication of requests (§22, RFC 7616, RFC 8760). */
import { type Credentials, type DigestAlgorithm, findHa1, hashOfA1 } from "../../data/ha1.ts";
import {
  type DigestCredentials,
  formatDigestChallenge,
  parseDigestCredentials,
} from "../../message/digest.ts";
import { Header } from "../../message/header_name.ts";
import type { SipRequest } from "../../message/sip_message.ts";
import { BoundedTextMap } from "../../runtime/bounded_map.ts";
import type { Clock } from "../../runtime/clock.ts";
import { withoutSecrets } from "../../runtime/log_secrets.ts";
import { equalsInConstantTime } from "../../runtime/mac.ts";
import type { Counter, Metrics } from "../../runtime/metrics.ts";
import { randomToken } from "../../runtime/random.ts";
import type { Flow } from "../../transport/transport.ts";
import { ownerOf } from "../../runtime/ip/address_words.ts";
import { expectedResponse } from "./digest_response.ts";
import { namesResource } from "./digest_uri.ts";
import { NonceRing } from "./nonce_ring.ts";
import type { Answer } from "../answer.ts";
import { statelessTag } from "../stateless_tag.ts";

/** Who can prove to be somebody: an Agent, a Peer, or a Gateway. */
export type Account = Credentials;

/** Where credentials are looked for, and the status that asks for them. */
export interface Challenge {
  /** 401 when we are the server that was asked, 407 when we are on the way. */
  readonly status: 401 | 407;
  readonly realm: string;
  /** Who is asked. */
  readonly flow: Flow;
}

/** What came of it: an account with the header row that proved it, or what to answer. */
export type Authentication<A extends Account> =
  | { readonly kind: "authenticated"; readonly account: A; readonly row: number }
  | { readonly kind: "refused"; readonly answer: Answer };

/**
 * Clients, by User-Agent, that give up when any challenge has an algorithm they do not know, where RFC 7616 §3.7 would
 * have them take another: libre before 2.0. They are offered MD5 alone, which they could choose anyway.
 */
const KNOWS_MD5_ONLY = /^baresip v[01]\./i;

/** How an authenticator is set up. */
export interface DigestAuthenticatorOptions {
  readonly clock: Clock;
  /** Seeds stateless tags and hashes of addresses. */
  readonly seed: number;
  readonly metrics: Metrics;
  /**
   * In the order they are offered (`spec.digestAlgorithms`). Old clients read the first challenge only. All are offered to
   * everybody, as who asks is not known yet: accounts that have hashes need one for each of them.
   */
  readonly algorithms: readonly DigestAlgorithm[];
  /** Whether a host is a domain or an address of this server. */
  isOurs(host: string): boolean;
}

/** A header row with credentials. */
interface TriedRow {
  readonly credentials: DigestCredentials;
  readonly algorithm: DigestAlgorithm;
  readonly row: number;
}

/** Header rows looked at. */
const MAX_ROWS = 16;
/** Challenges remembered for retransmissions: some seconds of dense traffic. */
const MAX_RECENT = 8192;
/** Realms remembered for an account. */
const MAX_REALMS = 16;

/** An account nobody has, so that an unknown user is checked like any other, and so is one without the hash in question. */
const NOBODY = { username: randomToken(), secret: randomToken() };

export class DigestAuthenticator {
  readonly #algorithms: readonly DigestAlgorithm[];
  readonly #forBrowsers: readonly DigestAlgorithm[];
  readonly #nonces: NonceRing;
  readonly #seed: number;
  /** H(A1) of secrets by account, then algorithm and realm: an account object that changes is another object. */
  readonly #hashes = new WeakMap<Account, Map<string, string>>();
  /** Nonces of the latest challenges, by the request that was challenged. */
  readonly #recent = new BoundedTextMap<string>(MAX_RECENT);
  readonly #failures: Counter;
  readonly #strangeNonces: Counter;
  readonly #isOurs: DigestAuthenticatorOptions["isOurs"];

  constructor(options: DigestAuthenticatorOptions) {
    this.#algorithms = options.algorithms;
    this.#forBrowsers = [...options.algorithms.filter((algorithm) => algorithm !== "MD5"), "MD5"];
    this.#seed = options.seed;
    this.#nonces = new NonceRing(options.clock, options.seed);
    this.#isOurs = options.isOurs;
    this.#failures = options.metrics.counter(
      "routr_authentication_failures_total",
      "Wrong digest credentials",
    );
    this.#strangeNonces = options.metrics.counter(
      "routr_strange_nonces_total",
      "Digest credentials with a nonce that was not given out here, or long ago",
    );
  }

  /**
   * Checks the credentials of a request for one realm.
   * @param find the account of a username, undefined when there is none
   */
  authenticate<A extends Account>(
    request: SipRequest,
    challenge: Challenge,
    find: (username: string) => A | undefined,
  ): Authentication<A> {
    const id = challenge.status === 401 ? Header.Authorization : Header.ProxyAuthorization;
    let tried: TriedRow | undefined;
    let stranger: DigestCredentials | undefined;
    let newest = -1;
    let rows = MAX_ROWS;
    for (let row = request.rowOf(id); row >= 0 && rows > 0; row = request.rowOf(id, row)) {
      rows--;
      const credentials = parseDigestCredentials(request.rowValue(row));
      const algorithm = credentials && this.#algorithmOf(credentials);
      if (!credentials || !algorithm || credentials.realm !== challenge.realm) continue;
      const number = this.#nonces.numberOf(credentials.nonce);
      // No digest is computed for a nonce of the sender's own: anybody could try passwords without asking first.
      if (number < 0) stranger ??= credentials;
      else if (number > newest) {
        newest = number;
        tried = { credentials, algorithm, row };
      }
    }
    if (tried) return this.#check(request, { challenge, ...tried }, find);
    const answer = this.#challenge(request, challenge);
    if (rows === MAX_ROWS) return refused(answer);
    if (!stranger) {
      return refused({ ...answer, cause: `no credentials that can be used in realm ${challenge.realm}` });
    }
    this.#strangeNonces.value++;
    const cause = `${stranger.username} answers a challenge that is not of this server, or forgotten`;
    return refused({ ...answer, cause });
  }

  /** Tries the row with the newest nonce, and no other: each is a guess. */
  #check<A extends Account>(
    request: SipRequest,
    { challenge, credentials, algorithm, row }: TriedRow & { challenge: Challenge },
    find: (username: string) => A | undefined,
  ): Authentication<A> {
    const { username, uri, nonce, qop, nc } = credentials;
    if (!namesResource(uri, request, this.#isOurs)) {
      const cause = `credentials of ${username} for ${withoutSecrets(uri)}`;
      return refused({ status: 400, reason: "Credentials Are For Another URI", cause });
    }
    const account = find(username);
    if (!this.#isRight(credentials, { algorithm, account, method: request.method })) {
      this.#failures.value++;
      const cause = `${faultOf(account, credentials, algorithm)}: ${username} in realm ${challenge.realm}`;
      return refused({ ...this.#challenge(request, challenge), cause, username });
    }
    const count = qop === "" ? 0 : parseInt(nc, 16);
    const isFresh = this.#nonces.use(nonce, count, ownerOf(challenge.flow.remoteAddress)) === "fresh";
    return isFresh
      ? { kind: "authenticated", account: account!, row }
      : refused(this.#challenge(request, challenge, "true"));
  }

  /** The algorithm of credentials that answer something we offer. */
  #algorithmOf(credentials: DigestCredentials): DigestAlgorithm | undefined {
    const { qop, nc, cnonce } = credentials;
    if (
      qop !== "" &&
      (qop.toLowerCase() !== "auth" || !/^[0-9a-f]{8}$/i.test(nc) || nc === "00000000" || cnonce === "")
    ) {
      return undefined;
    }
    const name = credentials.algorithm === "" ? "MD5" : credentials.algorithm.toUpperCase();
    return this.#algorithms.find((algorithm) => algorithm === name);
  }

  #isRight(
    credentials: DigestCredentials,
    proof: { algorithm: DigestAlgorithm; account: Account | undefined; method: string },
  ): boolean {
    const { algorithm, account, method } = proof;
    const { realm } = credentials;
    const key = `${algorithm} ${realm}`;
    const known = account &&
      (this.#hashes.get(account)?.get(key) ?? findHa1(account.ha1, { algorithm, realm }));
    const { username, secret = NOBODY.secret } = account ?? NOBODY;
    const ha1 = known ?? hashOfA1(algorithm, { username, realm, secret });
    const expected = expectedResponse(credentials, { algorithm, ha1, method });
    if (!equalsInConstantTime(credentials.response.toLowerCase(), expected) || account === undefined) {
      // A wrong password takes the same time whether the hash was at hand or not.
      if (known !== undefined) hashOfA1(algorithm, { username, realm, secret });
      return false;
    }
    if (known === undefined) this.#remember(account, key, ha1);
    return true;
  }

  /** Only what was proved right is kept: realms are the sender's choice until then. */
  #remember(account: Account, key: string, ha1: string): void {
    const hashes = this.#hashes.get(account);
    if (!hashes) this.#hashes.set(account, new Map([[key, ha1]]));
    else if (hashes.size < MAX_REALMS) hashes.set(key, ha1);
  }

  /** A new nonce, but for a request that comes again the same: what is answered without state is answered alike (§8.2.7). */
  #nonceFor(request: SipRequest, flow: Flow): string {
    const source = ownerOf(flow.remoteAddress);
    const identity = `${statelessTag(request, this.#seed)} ${source}`;
    const known = this.#recent.get(identity);
    if (known !== undefined) return known;
    const nonce = this.#nonces.issue(source);
    this.#recent.set(identity, nonce);
    return nonce;
  }

  #offerTo(request: SipRequest): readonly DigestAlgorithm[] {
    if (!this.#algorithms.includes("MD5")) return this.#algorithms;
    if (KNOWS_MD5_ONLY.test(request.header(Header.UserAgent) ?? "")) return ["MD5"];
    // JsSIP and SIP.js know MD5 and look at the last challenge only, and every browser has one of them.
    return /^WSS?$/i.test(request.topVia.transport) ? this.#forBrowsers : this.#algorithms;
  }

  #challenge(request: SipRequest, { status, realm, flow }: Challenge, stale: "true" | "" = ""): Answer {
    const name = status === 401 ? "WWW-Authenticate" : "Proxy-Authenticate";
    const nonce = this.#nonceFor(request, flow);
    const headers = this.#offerTo(request).map((algorithm) => {
      const value = formatDigestChallenge({
        realm,
        nonce,
        algorithm,
        qop: "auth",
        stale,
        opaque: "",
        domain: "",
      });
      return `${name}: ${value}\r\n`;
    });
    return { status, headers: headers.join("") };
  }
}

/** Why credentials are not right, in words. */
function faultOf(
  account: Account | undefined,
  { realm }: DigestCredentials,
  algorithm: DigestAlgorithm,
): string {
  if (account === undefined) return "no such user";
  const canBeRight = account.secret !== undefined || findHa1(account.ha1, { algorithm, realm }) !== undefined;
  return canBeRight ? "wrong password" : `no ha1 for ${algorithm}`;
}

function refused(answer: Answer): { readonly kind: "refused"; readonly answer: Answer } {
  return { kind: "refused", answer };
}
