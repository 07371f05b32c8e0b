/** The realms that a gateway may ask our credentials for. */
import type { Gateway } from "../../data/gateway.ts";
import { detachText } from "../../runtime/detached_text.ts";
import { toSocketHost } from "../../runtime/ip/ip_address.ts";

/** Realms remembered for a gateway; whoever asks for more asks in vain. */
const MAX_REALMS = 8;

/**
 * Whoever learns a digest can pass it on: a challenge that comes back by the way of a gateway may be that of another
 * server, which wants to use what we answer elsewhere (CVE-2021-41158). So a gateway's credentials are for its own
 * realms only, which are those in which it took them before, its names, those of its hashes, and what the configuration
 * adds. Until it took any, its own answer counts.
 */
export class GatewayRealms {
  /** By gateway object: one that has changed is another, and begins anew. */
  readonly #learned = new WeakMap<Gateway, Set<string>>();

  accepts(gateway: Gateway, realm: string): boolean {
    const learned = this.#learned.get(gateway);
    return learned === undefined || learned.has(realm) || gateway.realms.includes(realm) ||
      gateway.credentials?.ha1.some((hashes) => hashes.realm === realm) || isNameOf(gateway, realm);
  }

  /** The gateway took credentials for this realm. */
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
