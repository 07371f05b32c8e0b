/** Authentication of users: by name and secret (RFC 7617), or by a token (RFC 6750, or `token` of Routr v1). */
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { hashOfA1 } from "../../data/ha1.ts";
import { isSecretOf, SHIPPED_SECRET, type User, USER_REALM } from "../../data/user.ts";
import { logger } from "../../runtime/log.ts";
import type { Counter, Metrics } from "../../runtime/metrics.ts";
import { HttpError } from "../http/http_error.ts";
import type { Client } from "../operation.ts";
import type { Attempts } from "./attempts.ts";
import type { Tokens } from "./tokens.ts";

const log = logger("rest");

export interface AuthenticationParts {
  readonly tokens: Tokens;
  readonly attempts: Attempts;
  readonly metrics: Metrics;
  user(username: string): User | undefined;
  /** Reports whether a password counts for nothing, because a browser may have added it by itself. */
  isForeign?(request: Request): boolean;
  /** Called for each failure. */
  onFailure?(client: Client, failure: AuthenticationFailure): void;
}

export interface AuthenticationFailure {
  /** The name as it was sent; empty with tokens. */
  readonly username: string;
  readonly reason: string;
}

/** UTF-16 units that are logged of a stranger's name. */
const MAX_NAME_LENGTH = 64;

const CHALLENGE = `Basic realm="${USER_REALM}", charset="UTF-8", Bearer realm="${USER_REALM}"`;

export class Authentication {
  readonly #parts: AuthenticationParts;
  readonly #failures: Counter;
  readonly #throttled: Counter;

  constructor(parts: AuthenticationParts) {
    this.#parts = parts;
    this.#failures = parts.metrics.counter(
      "routr_rest_authentication_failures_total",
      "Requests of the REST service with a wrong password or token",
    );
    this.#throttled = parts.metrics.counter(
      "routr_rest_throttled_total",
      "Requests of the REST service refused because of wrong passwords before",
    );
  }

  /**
   * Rejects with `HttpError` 401, 403 for pages of other origins without a token, 429 after too many wrong passwords.
   */
  async authenticate(request: Request, client: Client): Promise<User> {
    const [scheme, credentials] = authorizationOf(request);
    if (scheme === "basic") {
      if (this.#parts.isForeign?.(request)) throw new HttpError(403, "Pages of other origins need a token");
      return this.#byPassword(credentials, client);
    }
    const token = scheme === "bearer" ? credentials : new URL(request.url).searchParams.get("token");
    if (token === null || token === "") throw unauthorized();
    return await this.#byToken(token, client);
  }

  /** Refuses a correct password too while its address is delayed: otherwise 429 would tell that it was wrong. */
  #byPassword(credentials: string, client: Client): User {
    this.#refuseWhileDelayed(client);
    const { username, password } = readCredentials(credentials);
    const user = this.#parts.user(username);
    const isRight = isPassword(user ?? { ...NOBODY, username }, password);
    if (user !== undefined && isRight && mayComeFrom(user, client)) return user;
    this.#noteAttempt(client);
    const reason = user === undefined
      ? "there is no such user"
      : isRight
      ? "the secret that is shipped, from another host"
      : "wrong secret";
    const name = username.slice(0, MAX_NAME_LENGTH);
    throw this.#failed(client, { username: name, reason: `user "${name}": ${reason}` });
  }

  /** Accepts a token whatever its address is delayed for: a signature cannot be guessed. */
  async #byToken(token: string, client: Client): Promise<User> {
    const verdict = await this.#parts.tokens.verify(token);
    if (verdict.kind === "good" && mayComeFrom(verdict.user, client)) return verdict.user;
    if (verdict.kind === "forged") {
      this.#refuseWhileDelayed(client);
      this.#noteAttempt(client);
    }
    const reason = verdict.kind === "forged"
      ? "a token that was not issued here"
      : "a token that is over, or whose user is gone or has another secret";
    throw this.#failed(client, { username: "", reason });
  }

  #refuseWhileDelayed({ address }: Client): void {
    const delay = this.#parts.attempts.delayOf(address);
    if (delay === 0) return;
    this.#throttled.value++;
    throw new HttpError(429, "Too many wrong passwords", {
      headers: { "retry-after": String(Math.ceil(delay / 1000)) },
    });
  }

  #noteAttempt({ address }: Client): void {
    const delay = this.#parts.attempts.fail(address);
    if (delay === 0) return;
    log.warn("{address} has sent too many wrong passwords or tokens: it waits {seconds} seconds", {
      address,
      seconds: delay / 1000,
    });
  }

  #failed(client: Client, failure: AuthenticationFailure): HttpError {
    this.#failures.value++;
    this.#parts.onFailure?.(client, failure);
    return unauthorized(failure.reason);
  }
}

function authorizationOf(request: Request): [scheme: string, credentials: string] {
  const header = request.headers.get("authorization") ?? "";
  const [, scheme = "", credentials = ""] = /^(\S+) +(\S+) *$/.exec(header) ?? [];
  return [scheme.toLowerCase(), credentials];
}

/** Splits credentials at the first colon (RFC 7617 §2); without one the name is empty. */
function readCredentials(credentials: string): { username: string; password: string } {
  const text = Buffer.from(credentials, "base64").toString("utf8");
  const colon = text.indexOf(":");
  return { username: text.slice(0, Math.max(0, colon)), password: text.slice(colon + 1) };
}

/** Stands for an unknown user, so that checking takes equally long; its secret is random. */
const NOBODY = nobody();

function nobody(): User {
  const secret = randomBytes(24).toString("base64url");
  const account = { username: "", realm: USER_REALM, secret };
  const ha1 = [{ realm: USER_REALM, md5: hashOfA1("MD5", account), sha256: hashOfA1("SHA-256", account) }];
  return { kind: "User", ref: "", name: "", username: "", secret, ha1 };
}

/** Compares with both forms of a secret, whichever the user has, so that the time tells nothing. */
function isPassword(user: User, password: string): boolean {
  const isRight = isSecretOf(user, password);
  const secret = user.secret === undefined ? NOBODY.secret : undefined;
  isSecretOf({ ...NOBODY, username: user.username, secret }, password);
  return isRight;
}

/** Reports whether a user may log in from a client: with the shipped secret, from this host only. */
function mayComeFrom(user: User, { isLoopback }: Client): boolean {
  return isLoopback || !isSecretOf(user, SHIPPED_SECRET);
}

/** @param logReason undefined for a request without credentials */
function unauthorized(logReason?: string): HttpError {
  return new HttpError(401, "Unauthorized", {
    headers: { "www-authenticate": CHALLENGE },
    ...logReason !== undefined && { logReason },
  });
}
