/** Digest authentication of requests (§22, RFC 7616, RFC 8760). */
import { type Credentials, type DigestAlgorithm, findHa1, hashOfA1 } from "../../data/ha1.ts";
import { CredentialsField, DigestFields } from "../../message/digest_fields.ts";
import { isHexDigit } from "../../message/characters.ts";
import { Header } from "../../message/header_name.ts";
import type { SipRequest } from "../../message/sip_message.ts";
import type { Clock } from "../../runtime/clock.ts";
import { withoutSecrets } from "../../runtime/log_secrets.ts";
import type { Counter, Metrics } from "../../runtime/metrics.ts";
import { randomToken } from "../../runtime/random.ts";
import { codeAt } from "../../runtime/text.ts";
import { ownerOf } from "../../runtime/ip/address_words.ts";
import { type Challenge, Challenges } from "./challenges.ts";
import { isRightResponse } from "./digest_response.ts";
import { KnownHashes } from "./known_hashes.ts";
import { namesResource } from "./digest_uri.ts";
import { NonceRing } from "./nonce_ring.ts";
import type { Flow } from "../../transport/transport.ts";
import { type AccountGuesses, accountName } from "../access/account_guesses.ts";
import type { Bans } from "../access/bans.ts";
import type { Answer, Offence } from "../answer.ts";

/** An Agent, a Peer or a Gateway: whoever has a username and a secret. */
export type CredentialHolder = Credentials;

/** An account with the header row of its credentials, or an answer that refuses the request. */
export type Authentication<A extends CredentialHolder> =
  | { readonly kind: "authenticated"; readonly account: A; readonly row: number }
  | { readonly kind: "refused"; readonly answer: Answer };

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
  /** Reports whether an account is served at an address; asked with the right password only. */
  admits(account: CredentialHolder, address: string): boolean;
  /** Reports whether a connection is open, by its id. */
  isOpen?(connection: number): boolean;
  /** Counts wrong passwords by account. */
  readonly guesses?: AccountGuesses;
  /** Reports whether a phone was served lately where a flow comes from. */
  isKnownSource?(flow: Flow): boolean;
  /** Slows addresses that guess, and hears who got in. */
  readonly bans?: Pick<Bans, "isAnySuspected" | "absolve" | "mayTry" | "isHopeless">;
  /** Reports whether a user is registered by a flow. */
  isRegisteredBy?(flow: Flow, user: { username: string; realm: string }): boolean;
}

/** The header row of the credentials that are checked. */
interface TriedRow<C extends Challenge> {
  readonly challenge: C;
  readonly algorithm: DigestAlgorithm;
  readonly row: number;
  /** The number of the nonce. */
  readonly number: number;
}

/** Header rows that are examined. */
const MAX_ROWS = 16;
/** As credentials name them, in lower case. */
const NAMES = { "MD5": "md5", "SHA-256": "sha-256" } as const;

/** Stands in for an unknown user or a missing hash, so that checking takes the same time. */
const NOBODY = { username: randomToken(), secret: randomToken() };

export class DigestAuthenticator {
  readonly #algorithms: readonly DigestAlgorithm[];
  readonly #nonces: NonceRing;
  readonly #challenges: Challenges;
  readonly #hashes = new KnownHashes();
  /** The row that was read last. */
  readonly #fields = DigestFields.ofCredentials();
  readonly #failures: Counter;
  readonly #unknownNonces: Counter;
  readonly #options: DigestAuthenticatorOptions;

  constructor(options: DigestAuthenticatorOptions) {
    const { clock, seed, algorithms } = options;
    this.#algorithms = algorithms;
    this.#nonces = new NonceRing(clock, seed);
    this.#challenges = new Challenges({ nonces: this.#nonces, seed, algorithms });
    this.#options = options;
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
  authenticate<A extends CredentialHolder, C extends Challenge>(
    request: SipRequest,
    challenge: C,
    find: (username: string, challenge: C) => A | undefined,
  ): Authentication<A> {
    const id = challenge.status === 401 ? Header.Authorization : Header.ProxyAuthorization;
    const fields = this.#fields;
    let tried: TriedRow<C> | undefined;
    let read = -1;
    let unknown: string | undefined;
    let rows = MAX_ROWS;
    for (let row = request.rowOf(id); row >= 0 && rows > 0; row = request.rowOf(id, row)) {
      rows--;
      read = row;
      const algorithm = readRow(fields, request, row) ? this.#algorithmOf(fields) : undefined;
      if (!algorithm || !fields.is(CredentialsField.realm, challenge.realm)) continue;
      const number = this.#numberOf(fields);
      // No digest is computed for an unknown nonce: guessing a password takes a challenge first.
      if (number < 0) unknown ??= fields.value(CredentialsField.username);
      else if (tried === undefined || number > tried.number) tried = { challenge, algorithm, row, number };
    }
    if (tried) {
      if (read !== tried.row) readRow(fields, request, tried.row);
      return this.#check(request, tried, find);
    }
    // A first challenge has no cause, so that the log says nothing.
    const answer = this.#challenges.answer(request, challenge);
    if (rows === MAX_ROWS) return refused(answer);
    if (unknown === undefined) {
      return refused({ ...answer, cause: `no credentials that can be used in realm ${challenge.realm}` });
    }
    this.#unknownNonces.value++;
    const cause = `${unknown} answers a challenge that is not of this server, or forgotten`;
    return refused({ ...answer, cause });
  }

  /** Checks the row with the newest nonce alone: every row would be another guess. */
  #check<A extends CredentialHolder, C extends Challenge>(
    request: SipRequest,
    { challenge, algorithm, row, number }: TriedRow<C>,
    find: (username: string, challenge: C) => A | undefined,
  ): Authentication<A> {
    const fields = this.#fields;
    const username = fields.value(CredentialsField.username);
    if (!fields.is(CredentialsField.uri, request.requestUri)) {
      const uri = fields.value(CredentialsField.uri);
      if (!namesResource(uri, request, this.#options.isOurs)) {
        const cause = `credentials of ${username} for ${withoutSecrets(uri)}`;
        return refused({ status: 400, reason: "Credentials Are For Another URI", cause });
      }
    }
    const account = find(username, challenge);
    const { realm, flow } = challenge;
    const source = ownerOf(flow.remoteAddress);
    // With a nonce of somebody else no password is tried: nothing of it could be held against an address.
    if (!this.#nonces.isOf(source, number)) return refused(this.#challenges.answer(request, challenge, true));
    if (account && !this.#mayTry(username, challenge)) {
      const cause = `too many wrong passwords of ${username} in realm ${realm}: tried slowly`;
      return refused({ ...this.#challenges.answer(request, challenge), cause, username });
    }
    if (!this.#isRight(account, { algorithm, realm, method: request.method })) {
      this.#failures.value++;
      const fault = faultOf(account, realm, algorithm);
      const name = accountName(username, realm);
      const isHopeless = this.#options.bans?.isHopeless(flow, username, realm) === true;
      const refusal = isHopeless ? { status: 403 } : this.#challenges.answer(request, challenge);
      const answer = { ...refusal, username, account: name };
      const cause = `${fault}: ${username} in realm ${realm}`;
      if (fault === "wrong password") this.#options.guesses?.failed(name);
      const offence = offenceOf(fault);
      return refused(offence ? { ...answer, cause, offence } : { ...answer, cause });
    }
    if (!this.#options.admits(account!, flow.remoteAddress)) {
      const cause = `${username} has the secret of a sample, which is good in local networks only`;
      return refused({ status: 403, cause, username });
    }
    const count = fields.isEmpty(CredentialsField.qop) ? 0 : countOf(fields);
    const isFresh = !this.#isOfOther(flow, number) && this.#nonces.use(number, count, source) === "fresh";
    if (!isFresh) return refused(this.#challenges.answer(request, challenge, true));
    this.#options.bans?.absolve(flow, username, realm);
    return { kind: "authenticated", account: account!, row };
  }

  /**
   * Reports whether a password may be tried: an account that is being guessed is slowed for unknown sources, and an
   * address that guesses is slowed for all accounts but those that are registered by the same flow.
   */
  #mayTry(username: string, { realm, flow }: Challenge): boolean {
    const { bans, guesses, isKnownSource, isRegisteredBy } = this.#options;
    if (!bans?.isAnySuspected && !guesses?.isAny) return true;
    const isRegistered = () => isRegisteredBy?.(flow, { username, realm }) === true;
    if (bans && !bans.mayTry(flow, { username, realm, isRegistered })) return false;
    if (!guesses?.isAny || isKnownSource?.(flow)) return true;
    return guesses.admits(accountName(username, realm));
  }

  /** Reports whether a nonce belongs to another connection, which is open: a client that has closed it may go on. */
  #isOfOther(flow: Flow, number: number): boolean {
    const connection = this.#nonces.connectionOf(number);
    const isOwn = connection === 0 || flow.isConnection && connection === flow.id;
    return !isOwn && this.#options.isOpen?.(connection) === true;
  }

  /** Returns the algorithm of credentials; undefined when they answer nothing that is offered here. */
  #algorithmOf(fields: DigestFields): DigestAlgorithm | undefined {
    const { qop, cnonce } = CredentialsField;
    const isWhole = fields.isEmpty(qop) ||
      fields.isInAnyCase(qop, "auth") && countOf(fields) > 0 && !fields.isEmpty(cnonce);
    if (!isWhole) return undefined;
    const isDefault = fields.isEmpty(CredentialsField.algorithm);
    for (let i = 0; i < this.#algorithms.length; i++) {
      const algorithm = this.#algorithms[i];
      const isMeant = isDefault
        ? algorithm === "MD5"
        : fields.isInAnyCase(CredentialsField.algorithm, NAMES[algorithm]);
      if (isMeant) return algorithm;
    }
    return undefined;
  }

  #numberOf(fields: DigestFields): number {
    const { nonce } = CredentialsField;
    return fields.isPlain(nonce)
      ? this.#nonces.numberOf(fields.text, fields.start(nonce), fields.end(nonce))
      : this.#nonces.numberOf(fields.value(nonce));
  }

  #isRight(
    account: CredentialHolder | undefined,
    check: { algorithm: DigestAlgorithm; realm: string; method: string },
  ): boolean {
    const { algorithm, realm, method } = check;
    const known = account &&
      (this.#hashes.find(account, check) ?? findHa1(account.ha1, { algorithm, realm }));
    const { username, secret = NOBODY.secret } = account ?? NOBODY;
    const ha1 = known ?? hashOfA1(algorithm, { username, realm, secret });
    if (!isRightResponse(this.#fields, { algorithm, ha1, method }) || account === undefined) {
      // A wrong password takes the same time with and without a remembered hash.
      if (known !== undefined) hashOfA1(algorithm, { username, realm, secret });
      return false;
    }
    if (known === undefined) this.#hashes.remember(account, { algorithm, realm, ha1 });
    return true;
  }
}

/** Reads one row of credentials; returns false when they are malformed, or of another scheme. */
function readRow(fields: DigestFields, request: SipRequest, row: number): boolean {
  if (request.hasFolds) return fields.read(request.rowValue(row));
  return fields.read(request.text, request.rows[row + 2], request.rows[row + 3]);
}

/** Returns the nonce count, 0 when it is missing or malformed. */
function countOf(fields: DigestFields): number {
  const start = fields.start(CredentialsField.nc);
  if (fields.end(CredentialsField.nc) - start !== 8) return 0;
  let count = 0;
  for (let at = start; at < start + 8; at++) {
    const code = codeAt(fields.text, at);
    if (!isHexDigit(code)) return 0;
    count = count * 16 + (code & 15) + (code > 57 ? 9 : 0);
  }
  return count;
}

/** Explains why credentials are wrong. */
function faultOf(
  account: CredentialHolder | undefined,
  realm: string,
  algorithm: DigestAlgorithm,
): string {
  if (account === undefined) return "no such user";
  const canBeRight = account.secret !== undefined || findHa1(account.ha1, { algorithm, realm }) !== undefined;
  return canBeRight ? "wrong password" : `no ha1 for ${algorithm}`;
}

function offenceOf(fault: string): Offence | undefined {
  if (fault === "no such user") return "unknown user";
  return fault === "wrong password" ? fault : undefined;
}

function refused(answer: Answer): { readonly kind: "refused"; readonly answer: Answer } {
  return { kind: "refused", answer };
}
