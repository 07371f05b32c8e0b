/** Tokens (RFC 7519) as Routr v1 issues them: HS512, the user's name as `sub`; they end, and with the user's secret. */
import { createHmac } from "node:crypto";
import { errors, jwtVerify, SignJWT } from "jose";
import type { User } from "../../data/user.ts";
import { TextMap } from "../../runtime/text_map.ts";
import { isShippedSalt } from "./salt.ts";

const ALGORITHM = "HS512";
/** Tokens that were verified lately: checking a signature takes longer than answering. */
const REMEMBERED = 1000;
/** Characters of a proof, in base64url: 132 bits. */
const PROOF_LENGTH = 22;

export interface TokenOptions {
  readonly key: Uint8Array;
  /** 0: tokens do not end. */
  readonly lifetimeSeconds: number;
  /** Whether tokens without an end are good, such as those of Routr v1, which say nothing but a name. */
  readonly acceptsBare: boolean;
  user(username: string): User | undefined;
  /** Milliseconds since 1970. */
  now(): number;
}

/**
 * What a token is worth. A void one was signed here, but is over, or its user is gone or has another secret now: whoever
 * sends it has not guessed. A forged one was not signed here.
 */
export type TokenVerdict =
  | { readonly kind: "good"; readonly user: User }
  | { readonly kind: "void" }
  | { readonly kind: "forged" };

const VOID: TokenVerdict = { kind: "void" };
const FORGED: TokenVerdict = { kind: "forged" };

/** What a token with a right signature says. */
interface Claims {
  readonly username: string;
  /** Of the user's credentials; undefined in tokens of Routr v1. */
  readonly proof: string | undefined;
  /** Milliseconds since 1970; undefined if it has no end. */
  readonly expiresAt: number | undefined;
}

export class Tokens {
  readonly #options: TokenOptions;
  readonly #acceptsBare: boolean;
  #known = new TextMap<Claims>();
  readonly #proofs = new WeakMap<User, string>();

  constructor(options: TokenOptions) {
    this.#options = options;
    // Nothing but the signature stands for a bare token, and here anybody can sign.
    this.#acceptsBare = options.acceptsBare && !isShippedSalt(options.key);
  }

  async issue(user: User): Promise<string> {
    const { key, lifetimeSeconds, now } = this.#options;
    const seconds = Math.floor(now() / 1000);
    const token = new SignJWT({ proof: this.#proofOf(user) })
      .setProtectedHeader({ alg: ALGORITHM })
      .setSubject(user.username)
      .setIssuedAt(seconds);
    if (lifetimeSeconds > 0) token.setExpirationTime(seconds + lifetimeSeconds);
    return await token.sign(key);
  }

  /** Never rejects. */
  async verify(token: string): Promise<TokenVerdict> {
    const claims = this.#known.get(token) ?? await this.#read(token);
    return claims === "over" ? VOID : claims === undefined ? FORGED : this.#judge(claims);
  }

  #judge({ username, proof, expiresAt }: Claims): TokenVerdict {
    const { lifetimeSeconds, now, user: find } = this.#options;
    const isBare = proof === undefined || expiresAt === undefined && lifetimeSeconds > 0;
    if (isBare && !this.#acceptsBare) return VOID;
    if (expiresAt !== undefined && expiresAt <= now()) return VOID;
    const user = find(username);
    if (user === undefined || proof !== undefined && proof !== this.#proofOf(user)) return VOID;
    return { kind: "good", user };
  }

  /** Undefined if the token was not signed here, or is no token at all. */
  async #read(token: string): Promise<Claims | "over" | undefined> {
    const { key, now } = this.#options;
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: [ALGORITHM],
        currentDate: new Date(now()),
      });
      const { sub, exp, proof } = payload;
      if (typeof sub !== "string" || proof !== undefined && typeof proof !== "string") return undefined;
      const claims = { username: sub, proof, expiresAt: exp === undefined ? undefined : exp * 1000 };
      if (this.#known.size >= REMEMBERED) this.#known = new TextMap();
      this.#known.set(token, claims);
      return claims;
    } catch (error) {
      // The signature is checked before the time.
      return error instanceof errors.JWTExpired ? "over" : undefined;
    }
  }

  /** A keyed digest that another secret makes another, and that tells nothing of it. */
  #proofOf(user: User): string {
    let proof = this.#proofs.get(user);
    if (proof === undefined) {
      const hashes = user.ha1.map(({ realm, md5, sha256 }) => [realm, md5, sha256]);
      const text = JSON.stringify([user.username, user.secret, hashes]);
      proof = createHmac("sha256", this.#options.key).update(text).digest("base64url").slice(0, PROOF_LENGTH);
      this.#proofs.set(user, proof);
    }
    return proof;
  }
}
