/** The open sockets of all transports, some of which make room when there are too many. */
import { addressWords, ownerOf } from "../runtime/ip/address_words.ts";

/** A socket whose peer was not served yet. */
interface Unestablished {
  readonly owner: Owner;
  /** Closes it in favour of another. */
  evict(): void;
}

/** The unestablished sockets of an address, oldest first. */
interface Owner {
  readonly key: string;
  readonly network: Network;
  readonly sockets: Set<Unestablished>;
}

/** The unestablished sockets of a site (`siteOf`). */
interface Network {
  readonly key: string;
  readonly owners: Map<string, Owner>;
  readonly ranking: Ranking<Owner>;
  size: number;
}

/**
 * Counts sockets. When there are too many, an unestablished one makes room: the oldest of the address with most of them,
 * in the network with most of them. So nobody can keep others out by many connections.
 */
export class OpenSockets {
  open = 0;
  readonly #networks = new Map<string, Network>();
  readonly #ranking = new Ranking<Network>();

  /** Registers a socket that may be evicted. Returns a function to call when its peer was served, or it is closed. */
  watch(address: string, evict: () => void): () => void {
    const owner = this.#ownerOf(address);
    const socket = { owner, evict };
    this.#add(socket);
    return () => this.#remove(socket);
  }

  /**
   * Closes a socket in favour of an address, or of ourselves for undefined. Returns false when no other address has more
   * sockets.
   */
  makeRoom(address: string | undefined): boolean {
    const network = address === undefined ? undefined : this.#networks.get(siteOf(address));
    const greediest = this.#ranking.most;
    if (greediest === undefined) return false;
    if (greediest.size > (network?.size ?? 0)) return this.#evictFrom(greediest, 0);
    const own = address === undefined ? undefined : network?.owners.get(ownerOf(address));
    return network !== undefined && this.#evictFrom(network, own?.sockets.size ?? 0);
  }

  /** Closes the oldest socket of the address with most of them, if it has more than `count`. */
  #evictFrom({ ranking }: Network, count: number): boolean {
    const owner = ranking.most;
    if (owner === undefined || owner.sockets.size <= count) return false;
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

  #add(socket: Unestablished): void {
    const { owner, owner: { network, sockets } } = socket;
    sockets.add(socket);
    network.ranking.move(owner, sockets.size - 1, sockets.size);
    network.size++;
    this.#ranking.move(network, network.size - 1, network.size);
  }

  /** Removes a socket; a repetition changes noitem. */
  #remove(socket: Unestablished): void {
    const { owner, owner: { network, sockets } } = socket;
    if (!sockets.delete(socket)) return;
    network.ranking.move(owner, sockets.size + 1, sockets.size);
    network.size--;
    this.#ranking.move(network, network.size + 1, network.size);
    if (sockets.size === 0) network.owners.delete(owner.key);
    if (network.size === 0) this.#networks.delete(network.key);
  }
}

/** Items by size, with one of the largest at hand. */
class Ranking<T> {
  /** Items by size; the last set is never empty. */
  readonly #sizes: Set<T>[] = [new Set()];

  get most(): T | undefined {
    const [first] = this.#sizes[this.#sizes.length - 1];
    return first;
  }

  /** Moves an item to a size one above or below. */
  move(item: T, from: number, to: number): void {
    const sizes = this.#sizes;
    sizes[from].delete(item);
    if (to === sizes.length) sizes.push(new Set());
    if (to > 0) sizes[to].add(item);
    while (sizes.length > 1 && sizes[sizes.length - 1].size === 0) sizes.pop();
  }
}

/** Returns a key for the usual network of one customer: an IPv4 /24 or an IPv6 /48. */
function siteOf(address: string): string {
  const [first, second] = addressWords(address);
  return second === undefined ? `${first >>> 8}` : `${first}:${second >>> 16}`;
}
