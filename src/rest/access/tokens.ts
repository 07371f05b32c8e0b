/** Tokens (RFC 7519) in the form of Routr v1: HS512, the user's name as `sub`. They end with the user's secret. */
import { createHmac } from "node:crypto";
import type { User } from "../../data/user.ts";
import { BoundedTextMap } from "../../runtime/bounded_map.ts";
import { equalsInConstantTime } from "../../runtime/mac.ts";
import { isShippedSalt } from "./salt.ts";

const ALGORITHM = "HS512";
/** Verified tokens that are remembered: a signature takes longer to check than a request to answer. */
const MAX_REMEMBERED = 1000;
/** Base64url characters of a MAC: 132 bits. */
const MAC_LENGTH = 22;

export interface TokenOptions {
  readonly key: Uint8Array;
  /** 0 for tokens that do not expire. */
  readonly lifetimeSeconds: number;
  /** Accepts tokens that do not expire, such as those of Routr v1, which hold a name only. */
  readonly acceptsBare: boolean;
  user(username: string): User | undefined;
  /** Milliseconds since 1970. */
  now(): number;
}

/**
 * The result of a verification. A void token was signed here, but has expired, or its user is gone or has a new secret:
 * its sender did not guess. A forged token was not signed here.
 */
export type TokenVerdict =
  | { readonly kind: "good"; readonly user: User }
  | { readonly kind: "void" }
  | { readonly kind: "forged" };

const VOID: TokenVerdict = { kind: "void" };
const FORGED: TokenVerdict = { kind: "forged" };

/** The content of a token with a valid signature. */
interface Claims {
  readonly username: string;
  /** A MAC of the user's credentials; undefined in tokens of Routr v1. */
  readonly proof: string | undefined;
  /** Milliseconds since 1970; undefined when it does not expire. */
  readonly expiresAt: number | undefined;
}

export class Tokens {
  readonly #options: TokenOptions;
  readonly #acceptsBare: boolean;
  readonly #known = new BoundedTextMap<Claims>(MAX_REMEMBERED);
  readonly #macs = new WeakMap<User, string>();

  constructor(options: TokenOptions) {
    this.#options = options;
    // A bare token is worth its signature alone, which the shipped salt lets anybody make.
    this.#acceptsBare = options.acceptsBare && !isShippedSalt(options.key);
  }

  async issue(user: User): Promise<string> {
    const { key, lifetimeSeconds, now } = this.#options;
    const { SignJWT } = await jose();
    const seconds = Math.floor(now() / 1000);
    const token = new SignJWT({ proof: this.#macOf(user) })
      .setProtectedHeader({ alg: ALGORITHM })
      .setSubject(user.username)
      .setIssuedAt(seconds);
    if (lifetimeSeconds > 0) token.setExpirationTime(seconds + lifetimeSeconds);
    return await token.sign(key);
  }

  /** Verifies a token. Never rejects. */
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
    if (user === undefined || proof !== undefined && !equalsInConstantTime(proof, this.#macOf(user))) {
      return VOID;
    }
    return { kind: "good", user };
  }

  /** Returns undefined for what was not signed here. */
  async #read(token: string): Promise<Claims | "over" | undefined> {
    const { key, now } = this.#options;
    const { errors, jwtVerify } = await jose();
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: [ALGORITHM],
        currentDate: new Date(now()),
      });
      const { sub, exp, proof } = payload;
      if (typeof sub !== "string" || proof !== undefined && typeof proof !== "string") return undefined;
      const claims = { username: sub, proof, expiresAt: exp === undefined ? undefined : exp * 1000 };
      this.#known.set(token, claims);
      return claims;
    } catch (error) {
      // An expired token has a valid signature: that is checked first.
      return error instanceof errors.JWTExpired ? "over" : undefined;
    }
  }

  /** Returns a MAC of the user's credentials, which changes with the secret and does not reveal it. */
  #macOf(user: User): string {
    let mac = this.#macs.get(user);
    if (mac === undefined) {
      const hashes = user.ha1.map(({ realm, md5, sha256 }) => [realm, md5, sha256]);
      const text = JSON.stringify([user.username, user.secret, hashes]);
      mac = createHmac("sha256", this.#options.key).update(text).digest("base64url").slice(0, MAC_LENGTH);
      this.#macs.set(user, mac);
    }
    return mac;
  }
}

/** Loads the library with the first token: it takes 2 MB. */
function jose() {
  return import("jose");
}
