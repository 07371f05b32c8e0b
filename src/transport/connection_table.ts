/** The connections of a transport by remote address and domain; counts them and checks their time limits. */
import { type Clock, repeat, systemClock } from "../runtime/clock.ts";
import type { Connection, ConnectionHost } from "./connection.ts";
import type { ConnectionLimits } from "./connection_limits.ts";
import { AddressQuota } from "../runtime/ip/address_quota.ts";
import { OpenSockets } from "./open_sockets.ts";
import type { TransportEvents } from "./transport.ts";

/** Time between two pings of a connection, shorter than routers and proxies keep idle ones. */
const PING_INTERVAL_SECONDS = 25;

/** One connection in so many is reserved for outbound ones. */
const RESERVED_SHARE = 16;

/** Further keys of one connection. */
const MAX_ALIASES = 16;

const ACCESS_DENIED = "Access is denied";

/** An accepted peer that is not a connection yet. */
interface Handshake {
  readonly deadline: number;
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
  /** The last second in which connections were pinged. */
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

  /** Returns our open connection to an address, with a certificate that was checked for `domain` if given. */
  get(address: string, port: number, domain?: string): Connection | undefined {
    const connection = this.#connections.get(keyOf(address, port, domain));
    return connection?.isOpen ? connection : undefined;
  }

  /** Adds a connection. An inbound one is found by an alias only, since its port identifies nobody (RFC 5923 §9). */
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
   * Returns the reason against a further connection with an address, undefined for none. Another connection may have been
   * closed for it. Some are reserved for outbound ones.
   */
  refusal(address: string, isInbound: boolean): string | undefined {
    const { maxConnections } = this.limits;
    if (this.#isClosed) return "Transport is closed";
    if (isInbound && this.limits.isRefused?.(address)) return ACCESS_DENIED;
    if (this.#perAddress.isFull(address)) return `Too many connections with ${address}`;
    const reserved = isInbound ? Math.floor(maxConnections / RESERVED_SHARE) : 0;
    if (this.#total.open < maxConnections - reserved) return undefined;
    return this.#total.makeRoom(isInbound ? address : undefined) ? undefined : "Too many connections";
  }

  /** Counts a socket of an address. Returns a function to call when the socket is closed. */
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

  /** Registers a socket that may be evicted. Returns a function to call when its peer was served, or it is closed. */
  watch(address: string, evict: () => void): () => void {
    return this.#total.watch(address, () => {
      this.events.onViolation("Too many connections: one without a served peer makes room", undefined);
      evict();
    });
  }

  /** Aborts a handshake that takes too long. Returns a function to call when it is over. */
  awaitHandshake(abort: () => void): () => void {
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

  /** Ends all connections and admits no more. */
  close(): void {
    this.#isClosed = true;
    this.#stopWatching();
    for (const { abort } of this.#handshakes) abort();
    for (const connection of this.#all) connection.end("Server stops");
  }

  /** @param badness -Infinity for a connection that is not to be ended */
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
      // The peer has read its 403 by now.
      if (connection.isInbound && this.limits.isRefused?.(connection.remoteAddress)) {
        connection.end(ACCESS_DENIED);
      }
      connection.checkTime(now);
      if (due > 0 && (second + connection.id) % PING_INTERVAL_SECONDS < due) connection.ping();
    }
  }
}

function keyOf(address: string, port: number, domain: string | undefined): string {
  return domain === undefined ? `${address}:${port}` : `${address}:${port}/${domain}`;
}
