/** Names that lead to this server, though no configuration says so: an outbound proxy set by name, or behind a port forward. */
import type { SipUri } from "../../message/sip_uri.ts";
import type { NextHop } from "../../transport/dns/destination.ts";
import type { ServerLocator } from "../../transport/dns/server_locator.ts";
import { nextHopOf } from "../proxy/next_hop.ts";

/** Names remembered; the oldest are forgotten. */
const MAX_NAMES = 1024;

export interface OwnNamesParts {
  readonly locator: Pick<ServerLocator, "locate">;
  /** Reports whether a listener of this server has this address and port. */
  isLocal(host: string, port: number): boolean;
  /** Reports whether it is the name of somebody else whom this server knows. */
  isTaken(host: string): boolean;
}

export class OwnNames {
  readonly #parts: OwnNamesParts;
  readonly #names = new Set<string>();
  #onChange: (names: readonly string[]) => void = () => {};

  constructor(parts: OwnNamesParts) {
    this.#parts = parts;
  }

  has(uri: SipUri): boolean {
    return this.#names.size > 0 && this.#names.has(nameOf(uri));
  }

  /** Takes a name as ours: a phone has registered by it. */
  add(uri: SipUri): void {
    if (this.has(uri) || this.#parts.isTaken(uri.host)) return;
    this.take([nameOf(uri)]);
    this.#onChange([...this.#names]);
  }

  /** Looks up whether a name leads here (RFC 3263), and remembers one that does. Never rejects. */
  async find(uri: SipUri): Promise<boolean> {
    const hop = this.#parts.isTaken(uri.host) ? undefined : nextHopOf(uri);
    const isOurs = hop !== undefined && await this.#leadsHere(hop);
    if (isOurs) this.add(uri);
    return isOurs;
  }

  /** Takes over names that were known before. */
  take(names: readonly string[]): void {
    for (const name of names) {
      if (this.#names.size >= MAX_NAMES) this.#names.delete(this.#names.values().next().value!);
      this.#names.add(name);
    }
  }

  /** Calls back with all names when one has come. One listener. */
  onChange(listener: (names: readonly string[]) => void): void {
    this.#onChange = listener;
  }

  async #leadsHere(hop: NextHop): Promise<boolean> {
    try {
      const destinations = await this.#parts.locator.locate(hop);
      return destinations.some(({ address, port }) => this.#parts.isLocal(address, port));
    } catch {
      return false;
    }
  }
}

function nameOf({ host, port }: SipUri): string {
  return port === undefined ? host : `${host}:${port}`;
}
