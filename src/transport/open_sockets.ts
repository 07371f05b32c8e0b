/** The open sockets of all transports together, and who makes room when there are too many. */
import { addressWords, ownerOf } from "../runtime/ip/address_words.ts";

/** A socket whose peer was not served yet. */
interface Unproven {
  readonly owner: Owner;
  /** Closes it for the benefit of others. */
  evict(): void;
}

/** All unproven sockets of an address, the oldest first. */
interface Owner {
  readonly key: string;
  readonly network: Network;
  readonly sockets: Set<Unproven>;
}

/** All unproven sockets of the networks around an address. */
interface Network {
  readonly key: string;
  readonly owners: Map<string, Owner>;
  readonly ranking: Ranking<Owner>;
  size: number;
}

/**
 * Counts sockets. Those that were of no use yet make room when there are too many: the oldest one of the address that has
 * most of them, in the network that has most of them. So nobody keeps others out by the number of connections.
 */
export class OpenSockets {
  /** How many there are. */
  open = 0;
  readonly #networks = new Map<string, Network>();
  readonly #ranking = new Ranking<Network>();

  /** Notes a socket that may have to make room; to be called back when its peer was served, or it is closed. */
  watch(address: string, evict: () => void): () => void {
    const owner = this.#ownerOf(address);
    const socket = { owner, evict };
    this.#add(socket);
    return () => this.#remove(socket);
  }

  /**
   * Closes a socket in favour of this address (undefined: of ourselves); false when there is none that should rather be
   * closed than this address turned away.
   */
  makeRoom(address: string | undefined): boolean {
    const network = address === undefined ? undefined : this.#networks.get(siteOf(address));
    const greediest = this.#ranking.most;
    if (greediest === undefined) return false;
    if (greediest.size > (network?.size ?? 0)) return this.#evictFrom(greediest, 0);
    const own = address === undefined ? undefined : network?.owners.get(ownerOf(address));
    return network !== undefined && this.#evictFrom(network, own?.sockets.size ?? 0);
  }

  /** Closes the oldest socket of the address with most of them, if that has more than `atLeast`. */
  #evictFrom({ ranking }: Network, atLeast: number): boolean {
    const owner = ranking.most;
    if (owner === undefined || owner.sockets.size <= atLeast) return false;
    const [oldest] = owner.sockets;
    this.#remove(oldest);
    oldest.evict();
    return true;
  }

  #ownerOf(address: string): Owner {
    const networkKey = siteOf(address);
    let network = this.#networks.get(networkKey);
    if (!network) {
      network = { key: networkKey, owners: new Map(), ranking: new Ranking(), size: 0 };
      this.#networks.set(networkKey, network);
    }
    const key = ownerOf(address);
    let owner = network.owners.get(key);
    if (!owner) network.owners.set(key, owner = { key, network, sockets: new Set() });
    return owner;
  }

  #add(socket: Unproven): void {
    const { owner, owner: { network, sockets } } = socket;
    sockets.add(socket);
    network.ranking.move(owner, sockets.size - 1, sockets.size);
    network.size++;
    this.#ranking.move(network, network.size - 1, network.size);
  }

  /** A second time nothing happens. */
  #remove(socket: Unproven): void {
    const { owner, owner: { network, sockets } } = socket;
    if (!sockets.delete(socket)) return;
    network.ranking.move(owner, sockets.size + 1, sockets.size);
    network.size--;
    this.#ranking.move(network, network.size + 1, network.size);
    if (sockets.size === 0) network.owners.delete(owner.key);
    if (network.size === 0) this.#networks.delete(network.key);
  }
}

/** Things by size, so that one of the largest is found at once. */
class Ranking<T> {
  /** By size; there is always something of the last one. */
  readonly #sizes: Set<T>[] = [new Set()];

  get most(): T | undefined {
    const [first] = this.#sizes[this.#sizes.length - 1];
    return first;
  }

  /** From one size to the next or to the one before. */
  move(thing: T, from: number, to: number): void {
    const sizes = this.#sizes;
    sizes[from].delete(thing);
    if (to === sizes.length) sizes.push(new Set());
    if (to > 0) sizes[to].add(thing);
    while (sizes.length > 1 && sizes[sizes.length - 1].size === 0) sizes.pop();
  }
}

/** Returns a key for the network that one customer usually has: 256 addresses of IPv4, 48 bits of IPv6. */
function siteOf(address: string): string {
  const [first, second] = addressWords(address);
  return second === undefined ? `${first >>> 8}` : `${first}:${second >>> 16}`;
}
