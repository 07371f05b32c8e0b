/** The connections of one transport: found by where they lead, counted, and watched for silence. */
import { type Clock, repeat, systemClock } from "../runtime/clock.ts";
import type { Connection, ConnectionHost } from "./connection.ts";
import type { ConnectionLimits } from "./connection_limits.ts";
import { AddressQuota } from "../runtime/ip/address_quota.ts";
import { OpenSockets } from "./open_sockets.ts";
import type { TransportEvents } from "./transport.ts";

/** Seconds between two pings of connections that have them: less than routers and proxies forget within. */
const PING_INTERVAL = 25;

/** One connection in so many is kept for those that we make. */
const RESERVED = 16;

/** Further keys a connection may have. */
const MAX_ALIASES = 16;

const ACCESS_DENIED = "Access is denied";

/** A peer that was let in and is not a connection yet. */
interface Handshake {
  readonly deadline: number;
  /** Ends it. */
  abort(): void;
}

export class ConnectionTable implements ConnectionHost {
  readonly clock: Clock;
  readonly limits: ConnectionLimits;
  readonly events: TransportEvents;
  unfinishedBytes = 0;
  unsentBytes = 0;
  readonly #connections = new Map<string, Connection>();
  readonly #all = new Set<Connection>();
  readonly #handshakes = new Set<Handshake>();
  readonly #perAddress: AddressQuota;
  readonly #stopWatching: () => void;
  readonly #total: OpenSockets;
  /** The second up to which connections were pinged: a part of them in each. */
  #pinged: number;
  #isClosed = false;

  constructor(limits: ConnectionLimits, events: TransportEvents) {
    this.limits = limits;
    this.clock = limits.clock ?? systemClock;
    this.#pinged = Math.floor(this.clock.now() / 1000);
    this.events = events;
    this.#perAddress = new AddressQuota(limits.maxConnectionsPerAddress);
    this.#total = limits.total ?? new OpenSockets();
    const shortest = Math.min(limits.idleTimeout, limits.messageTimeout);
    const intervalMs = Math.max(20, Math.min(1000, shortest / 8));
    this.#stopWatching = repeat(() => this.#lookAround(), { intervalMs, clock: this.clock });
  }

  /** The connection of ours to an address, whose certificate was checked for `domain` if one is given. */
  get(address: string, port: number, domain?: string): Connection | undefined {
    const connection = this.#connections.get(keyOf(address, port, domain));
    return connection?.isOpen ? connection : undefined;
  }

  /** Who came to us is found by an alias only: its port says nothing of who it is (RFC 5923 §9). */
  add(connection: Connection): void {
    this.#all.add(connection);
    if (connection.isInbound) return;
    this.#connections.set(
      keyOf(connection.remoteAddress, connection.remotePort, connection.domain),
      connection,
    );
  }

  addAlias(connection: Connection, port: number, domain: string): void {
    const key = keyOf(connection.remoteAddress, port, domain);
    if (connection.aliases.length >= MAX_ALIASES || this.#connections.get(key)?.isOpen) return;
    this.#connections.set(key, connection);
    connection.aliases.push(key);
  }

  remove(connection: Connection): void {
    this.#all.delete(connection);
    const { remoteAddress, remotePort, domain } = connection;
    for (const key of [keyOf(remoteAddress, remotePort, domain), ...connection.aliases]) {
      if (this.#connections.get(key) === connection) this.#connections.delete(key);
    }
  }

  /**
   * Why no further connection may be made with this address; undefined when it may, if need be because another had to make
   * room. Some are left for our own.
   */
  refusal(address: string, isInbound: boolean): string | undefined {
    const { maxConnections } = this.limits;
    if (this.#isClosed) return "Transport is closed";
    if (isInbound && this.limits.isRefused?.(address)) return ACCESS_DENIED;
    if (this.#perAddress.isFull(address)) return `Too many connections with ${address}`;
    const reserved = isInbound ? Math.floor(maxConnections / RESERVED) : 0;
    if (this.#total.open < maxConnections - reserved) return undefined;
    return this.#total.makeRoom(isInbound ? address : undefined) ? undefined : "Too many connections";
  }

  /** Counts a socket with this address from now on; to be called back when the socket is gone. */
  count(address: string): () => void {
    this.#total.open++;
    this.#perAddress.add(address);
    let isCounted = true;
    return () => {
      if (!isCounted) return;
      isCounted = false;
      this.#total.open--;
      this.#perAddress.release(address);
    };
  }

  /** A socket that has to make room for others until its peer was served; to be called back then, or when it is gone. */
  watch(address: string, evict: () => void): () => void {
    return this.#total.watch(address, () => {
      this.events.onViolation("Too many connections: one that was of no use makes room", undefined);
      evict();
    });
  }

  /** Ends a handshake that takes too long; to be called back when it is over. */
  await(abort: () => void): () => void {
    const handshake = { deadline: this.clock.now() + this.limits.messageTimeout, abort };
    this.#handshakes.add(handshake);
    return () => void this.#handshakes.delete(handshake);
  }

  endMostStalled(): boolean {
    return this.#endWorst(({ stalledSince }) => -stalledSince, "Peer does not read");
  }

  endMostUnfinished(): boolean {
    const badness = ({ unfinishedBytes }: Connection) => unfinishedBytes || -Infinity;
    return this.#endWorst(badness, "Too many unfinished messages");
  }

  /** Ends everything; nothing is let in any more. */
  close(): void {
    this.#isClosed = true;
    this.#stopWatching();
    for (const { abort } of this.#handshakes) abort();
    for (const connection of this.#all) connection.end("Server stops");
  }

  /** @param badness -Infinity where there is nothing to complain of */
  #endWorst(badness: (connection: Connection) => number, reason: string): boolean {
    let worst: Connection | undefined;
    let most = -Infinity;
    for (const connection of this.#all) {
      const its = badness(connection);
      if (its <= most) continue;
      worst = connection;
      most = its;
    }
    worst?.onViolation(reason);
    return worst !== undefined;
  }

  #lookAround(): void {
    const now = this.clock.now();
    for (const handshake of this.#handshakes) {
      if (now <= handshake.deadline) continue;
      this.#handshakes.delete(handshake);
      this.events.onViolation("Handshake was not finished in time", undefined);
      handshake.abort();
    }
    const second = Math.floor(now / 1000);
    const due = second - this.#pinged;
    this.#pinged = second;
    for (const connection of this.#all) {
      // By now its peer has read the 403.
      if (connection.isInbound && this.limits.isRefused?.(connection.remoteAddress)) {
        connection.end(ACCESS_DENIED);
      }
      connection.checkTime(now);
      if (due > 0 && (second + connection.id) % PING_INTERVAL < due) connection.ping();
    }
  }
}

function keyOf(address: string, port: number, domain: string | undefined): string {
  return domain === undefined ? `${address}:${port}` : `${address}:${port}/${domain}`;
}
