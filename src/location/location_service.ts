/** The location service (§10.2): bindings of addresses-of-record, in memory. */
import { SipUri } from "../message/sip_uri.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Timer, TimerWheel } from "../runtime/timer_wheel.ts";
import type { Binding, BindingFlow } from "./binding.ts";

/** Interval of the sweep, which examines one of `SWEEP_STEPS` parts each time. */
const SWEEP_INTERVAL_MS = 1000;
const SWEEP_STEPS = 30;

/** The reason of a removal. `evicted`: by an administrator, or by newer bindings beyond the maximum. */
export type RemovalReason = "unregistered" | "connection lost" | "evicted" | "credentials changed";

/** A change of an address-of-record by a registration at this server, or by the end of a connection. */
export interface LocationChange<Flow extends BindingFlow> {
  readonly aor: string;
  readonly before: readonly Binding<Flow>[];
  readonly after: readonly Binding<Flow>[];
  /** Applies to bindings of `before` that are not in `after`. */
  readonly reason: RemovalReason;
}

/**
 * Bindings by address-of-record (`sip:user@host`). A look-up never returns an expired binding, or one that has lost its
 * connection. A sweep frees the memory of other bindings, a thirtieth of them each second.
 */
export class LocationService<Flow extends BindingFlow> {
  readonly #clock: Clock;
  readonly #bindings = new Map<string, readonly Binding<Flow>[]>();
  /** Addresses-of-record by the connection of a binding. */
  readonly #byConnection = new Map<number, Set<string>>();
  /** Addresses-of-record by user, host and port of a Contact. */
  readonly #byContact = new Map<string, string>();
  readonly #sweepTimer: Timer;
  readonly #listeners: ((change: LocationChange<Flow>) => void)[] = [];
  #onExpired: (aor: string, expired: readonly Binding<Flow>[]) => void = () => {};
  #sweep: IterableIterator<string> | undefined;

  constructor(clock: Clock, wheel: TimerWheel) {
    this.#clock = clock;
    this.#sweepTimer = wheel.timer(() => this.#sweepStep());
  }

  /** The number of addresses-of-record with bindings, including expired ones before the sweep. */
  get size(): number {
    return this.#bindings.size;
  }

  /** Returns the reachable bindings, highest q first, then the latest. */
  lookup(aor: string): readonly Binding<Flow>[] {
    const bindings = this.#bindings.get(aor);
    if (!bindings) return [];
    const now = this.#clock.now();
    let areAllAlive = true;
    for (const binding of bindings) areAllAlive &&= isAlive(binding, now);
    if (areAllAlive) return bindings;
    this.#onExpired(aor, bindings.filter((binding) => !isAlive(binding, now)));
    return this.#keep(aor, bindings.filter((binding) => isAlive(binding, now)));
  }

  /** Finds the binding with this Contact, whatever its parameters. */
  atContact(uri: ContactAddress): { aor: string; binding: Binding<Flow> } | undefined {
    const key = contactKey(uri);
    const aor = this.#byContact.get(key);
    const binding = aor === undefined
      ? undefined
      : this.lookup(aor).find(({ contact }) => keyOf(contact) === key);
    return aor === undefined || binding === undefined ? undefined : { aor, binding };
  }

  /** Calls back at once with each change, except adopted and expired bindings. Must not throw. */
  onChange(listener: (change: LocationChange<Flow>) => void): void {
    this.#listeners.push(listener);
  }

  /**
   * Calls back at most half a minute after bindings expired or lost their connection. One listener; must not throw.
   */
  onExpired(listener: (aor: string, expired: readonly Binding<Flow>[]) => void): void {
    this.#onExpired = listener;
  }

  /** Replaces all bindings of an address-of-record in one step. */
  replace(aor: string, bindings: readonly Binding<Flow>[], reason: RemovalReason = "unregistered"): void {
    const before = this.#bindings.get(aor) ?? NONE;
    const after = this.adopt(aor, bindings);
    this.#notify({ aor, before, after, reason });
  }

  /** Replaces bindings by stored or remote ones, without calling listeners. */
  adopt(aor: string, bindings: readonly Binding<Flow>[]): readonly Binding<Flow>[] {
    const sorted = bindings.length < 2 ? bindings : [...bindings].sort(byPreference);
    this.#keep(aor, sorted);
    for (const { flow } of bindings) if (flow.isConnection) this.#index(flow.id, aor);
    if (!this.#sweepTimer.isRunning) this.#sweepTimer.start(SWEEP_INTERVAL_MS);
    return sorted;
  }

  /** Removes all bindings of a connection, except those of devices that accept new ones. */
  removeConnection(flow: Flow): void {
    const addressesOfRecord = this.#byConnection.get(flow.id);
    if (!addressesOfRecord) return;
    this.#byConnection.delete(flow.id);
    for (const aor of addressesOfRecord) {
      const before = this.#bindings.get(aor);
      if (!before) continue;
      const after = before.filter((binding) => binding.flow.id !== flow.id || outlivesFlow(binding));
      this.#keep(aor, after);
      if (after.length < before.length) this.#notify({ aor, before, after, reason: "connection lost" });
    }
  }

  /** Iterates the addresses-of-record with bindings, including some expired ones. */
  addressesOfRecord(): IterableIterator<string> {
    return this.#bindings.keys();
  }

  /** Iterates the addresses-of-record with their bindings. */
  *entries(): IterableIterator<[aor: string, bindings: readonly Binding<Flow>[]]> {
    for (const aor of this.#bindings.keys()) {
      const bindings = this.lookup(aor);
      if (bindings.length > 0) yield [aor, bindings];
    }
  }

  close(): void {
    this.#sweepTimer.stop();
  }

  #notify(change: LocationChange<Flow>): void {
    for (const listener of this.#listeners) listener(change);
  }

  #keep(aor: string, bindings: readonly Binding<Flow>[]): readonly Binding<Flow>[] {
    this.#indexContacts(aor, this.#bindings.get(aor) ?? NONE, bindings);
    if (bindings.length === 0) this.#bindings.delete(aor);
    else this.#bindings.set(aor, bindings);
    return bindings;
  }

  /** Most changes are refreshes, which change no Contact. */
  #indexContacts(aor: string, before: readonly Binding<Flow>[], after: readonly Binding<Flow>[]): void {
    if (before.length === 1 && after.length === 1 && before[0].contact === after[0].contact) return;
    for (const { contact } of before) {
      if (after.some((binding) => binding.contact === contact)) continue;
      const key = keyOf(contact);
      if (this.#byContact.get(key) === aor) this.#byContact.delete(key);
    }
    for (const { contact } of after) {
      if (!before.some((binding) => binding.contact === contact)) this.#byContact.set(keyOf(contact), aor);
    }
  }

  #index(flowId: number, aor: string): void {
    const known = this.#byConnection.get(flowId);
    if (known) known.add(aor);
    else this.#byConnection.set(flowId, new Set([aor]));
  }

  #sweepStep(): void {
    let budget = Math.ceil(this.#bindings.size / SWEEP_STEPS);
    this.#sweep ??= this.#bindings.keys();
    while (budget-- > 0) {
      const next = this.#sweep.next();
      if (next.done) {
        this.#sweep = undefined;
        break;
      }
      this.lookup(next.value);
    }
    if (this.#bindings.size > 0) this.#sweepTimer.start(SWEEP_INTERVAL_MS);
    else this.#sweep = undefined;
  }
}

const NONE: readonly never[] = [];

/** The address in a Contact. */
type ContactAddress = Pick<SipUri, "user" | "host" | "port">;

function contactKey({ user, host, port }: ContactAddress): string {
  return `${user ?? ""}@${host}:${port ?? ""}`;
}

function keyOf(contact: string): string {
  const uri = SipUri.parse(contact);
  return uri ? contactKey(uri) : contact;
}

function isAlive(binding: Binding, now: number): boolean {
  return binding.expiresAt > now && (binding.flow.isOpen || outlivesFlow(binding));
}

function outlivesFlow({ listeningPort, goesToContact }: Binding): boolean {
  return listeningPort > 0 || goesToContact === true;
}

function byPreference(a: Binding, b: Binding): number {
  return b.q - a.q || b.updatedAt - a.updatedAt;
}
