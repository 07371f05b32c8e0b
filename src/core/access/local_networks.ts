/** The networks from which accounts with publicly known secrets are served. */
import type { Credentials } from "../../data/ha1.ts";
import { isSampleSecret } from "../../data/secret_strength.ts";
import { AccessRules } from "./access_rules.ts";

/** Loopback, private, link-local and unique local addresses: nobody on the internet has one. */
const PRIVATE = [
  "127.0.0.0/8",
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "169.254.0.0/16",
  "::1",
  "fc00::/7",
  "fe80::/10",
];

export class LocalNetworks {
  readonly #rules: AccessRules;

  /** @param others further networks and addresses: those of the configuration, and this host's own */
  constructor(others: readonly string[]) {
    this.#rules = new AccessRules({ allow: [...PRIVATE, ...others], deny: [] });
  }

  /** @param address as flows have it */
  has(address: string): boolean {
    return this.#rules.admits(address);
  }

  /** Reports whether an account is served at an address: with the secret of a sample, in local networks only. */
  admits({ secret }: Credentials, address: string): boolean {
    return secret === undefined || !isSampleSecret(secret) || this.has(address);
  }
}
