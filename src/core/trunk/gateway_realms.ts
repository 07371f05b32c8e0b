/** The realms of gateways, which may have our credentials. */
import type { Gateway } from "../../data/gateway.ts";
import { detachText } from "../../runtime/text.ts";
import { toSocketHost } from "../../runtime/ip/ip_address.ts";

/** Realms learned for a gateway. */
const MAX_REALMS = 8;

/**
 * A digest can be passed on: a challenge by way of a gateway may come from another server, which uses our answer
 * elsewhere (CVE-2021-41158). So the credentials of a gateway are for its own realms only: those that it accepted them for
 * before, its names, the realms of its hashes, and those in the configuration. Until it has accepted any, all realms are.
 */
export class GatewayRealms {
  /** By gateway object. A changed gateway is a new object. */
  readonly #learned = new WeakMap<Gateway, Set<string>>();

  accepts(gateway: Gateway, realm: string): boolean {
    const learned = this.#learned.get(gateway);
    return learned === undefined || learned.has(realm) || gateway.realms.includes(realm) ||
      gateway.credentials?.ha1.some((hashes) => hashes.realm === realm) || isNameOf(gateway, realm);
  }

  /** Adds a realm in which the gateway has accepted credentials. */
  learn(gateway: Gateway, realm: string): void {
    const learned = this.#learned.get(gateway);
    if (learned === undefined) this.#learned.set(gateway, new Set([detachText(realm)]));
    else if (learned.size < MAX_REALMS && !learned.has(realm)) learned.add(detachText(realm));
  }
}

function isNameOf({ host, registries }: Gateway, realm: string): boolean {
  const name = toSocketHost(realm.toLowerCase());
  return name === host || registries.some((registry) => registry.host === name);
}
