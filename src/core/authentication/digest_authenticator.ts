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

/** An Agent, a Peer or a Gateway: whoever has a username and a secret. */
export type CredentialHolder = Credentials;

/** A challenge: its realm, and the status that asks for credentials. */
export interface Challenge {
  /** 401 as a registrar, 407 as a proxy. */
  readonly status: 401 | 407;
  readonly realm: string;
  /** The flow of the request: nonces are bound to its address. */
  readonly flow: Flow;
}

/** An account with the header row of its credentials, or an answer that refuses the request. */
export type Authentication<A extends CredentialHolder> =
  | { readonly kind: "authenticated"; readonly account: A; readonly row: number }
  | { readonly kind: "refused"; readonly answer: Answer };

/**
 * User-Agents of clients that give up when one of several challenges has an unknown algorithm (libre before 2.0), where
 * RFC 7616 §3.7 lets them choose another one. They are offered MD5 alone.
 */
const KNOWS_MD5_ONLY = /^baresip v[01]\./i;

export interface DigestAuthenticatorOptions {
  readonly clock: Clock;
  /** Seeds stateless tags and hashes of addresses. */
  readonly seed: number;
  readonly metrics: Metrics;
  /**
   * Algorithms in the order of their challenges (`spec.digestAlgorithms`); old clients read the first challenge only. The
   * account is unknown when they are offered, so an account with hashes needs one for each algorithm.
   */
  readonly algorithms: readonly DigestAlgorithm[];
  /** Reports whether a host is a domain or an address of this server. */
  isOurs(host: string): boolean;
}

/** Credentials with the number of their header row. */
interface TriedRow {
  readonly credentials: DigestCredentials;
  readonly algorithm: DigestAlgorithm;
  readonly row: number;
}

/** Header rows that are examined. */
const MAX_ROWS = 16;
/** Nonces remembered for retransmissions: some seconds of dense traffic. */
const MAX_RECENT = 8192;
/** Realms remembered for an account. */
const MAX_REALMS = 16;

/** Stands in for an unknown user or a missing hash, so that checking takes the same time. */
const NOBODY = { username: randomToken(), secret: randomToken() };

export class DigestAuthenticator {
  readonly #algorithms: readonly DigestAlgorithm[];
  readonly #forBrowsers: readonly DigestAlgorithm[];
  readonly #nonces: NonceRing;
  readonly #seed: number;
  /** H(A1) by account object, then algorithm and realm. A changed account is a new object. */
  readonly #hashes = new WeakMap<CredentialHolder, Map<string, string>>();
  /** Nonces of the latest challenges, by stateless tag and source of the challenged request. */
  readonly #recent = new BoundedTextMap<string>(MAX_RECENT);
  readonly #failures: Counter;
  readonly #unknownNonces: Counter;
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
    this.#unknownNonces = options.metrics.counter(
      "routr_strange_nonces_total",
      "Digest credentials with a nonce that was not given out here, or long ago",
    );
  }

  /**
   * Checks the credentials of a request for one realm.
   * @param find returns the account of a username, undefined when there is none
   */
  authenticate<A extends CredentialHolder>(
    request: SipRequest,
    challenge: Challenge,
    find: (username: string) => A | undefined,
  ): Authentication<A> {
    const id = challenge.status === 401 ? Header.Authorization : Header.ProxyAuthorization;
    let tried: TriedRow | undefined;
    let unknown: DigestCredentials | undefined;
    let newest = -1;
    let rows = MAX_ROWS;
    for (let row = request.rowOf(id); row >= 0 && rows > 0; row = request.rowOf(id, row)) {
      rows--;
      const credentials = parseDigestCredentials(request.rowValue(row));
      const algorithm = credentials && this.#algorithmOf(credentials);
      if (!credentials || !algorithm || credentials.realm !== challenge.realm) continue;
      const number = this.#nonces.numberOf(credentials.nonce);
      // No digest is computed for an unknown nonce: guessing a password takes a challenge first.
      if (number < 0) unknown ??= credentials;
      else if (number > newest) {
        newest = number;
        tried = { credentials, algorithm, row };
      }
    }
    if (tried) return this.#check(request, { challenge, ...tried }, find);
    // A first challenge has no cause, so that the log says nothing.
    const answer = this.#challenge(request, challenge);
    if (rows === MAX_ROWS) return refused(answer);
    if (!unknown) {
      return refused({ ...answer, cause: `no credentials that can be used in realm ${challenge.realm}` });
    }
    this.#unknownNonces.value++;
    const cause = `${unknown.username} answers a challenge that is not of this server, or forgotten`;
    return refused({ ...answer, cause });
  }

  /** Checks the row with the newest nonce alone: every row would be another guess. */
  #check<A extends CredentialHolder>(
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

  /** Returns the algorithm of credentials; undefined when they answer nothing that is offered here. */
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
    check: { algorithm: DigestAlgorithm; account: CredentialHolder | undefined; method: string },
  ): boolean {
    const { algorithm, account, method } = check;
    const { realm } = credentials;
    const key = `${algorithm} ${realm}`;
    const known = account &&
      (this.#hashes.get(account)?.get(key) ?? findHa1(account.ha1, { algorithm, realm }));
    const { username, secret = NOBODY.secret } = account ?? NOBODY;
    const ha1 = known ?? hashOfA1(algorithm, { username, realm, secret });
    const expected = expectedResponse(credentials, { algorithm, ha1, method });
    if (!equalsInConstantTime(credentials.response.toLowerCase(), expected) || account === undefined) {
      // A wrong password takes the same time with and without a remembered hash.
      if (known !== undefined) hashOfA1(algorithm, { username, realm, secret });
      return false;
    }
    if (known === undefined) this.#remember(account, key, ha1);
    return true;
  }

  /** Remembers a hash that was right: realms of wrong credentials are the sender's choice. */
  #remember(account: CredentialHolder, key: string, ha1: string): void {
    const hashes = this.#hashes.get(account);
    if (!hashes) this.#hashes.set(account, new Map([[key, ha1]]));
    else if (hashes.size < MAX_REALMS) hashes.set(key, ha1);
  }

  /** Returns a new nonce; for a retransmission the former one, because stateless answers are all the same (§8.2.7). */
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
    // JsSIP and SIP.js, which browsers have, know MD5 and read the last challenge only.
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

/** Explains why credentials are wrong. */
function faultOf(
  account: CredentialHolder | undefined,
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
