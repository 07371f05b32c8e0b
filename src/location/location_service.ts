/** The location service (§10.2): which devices an address-of-record is bound to, in memory. */
import { SipUri } from "../message/sip_uri.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Timer, TimerWheel } from "../runtime/timer_wheel.ts";
import type { Binding, BindingFlow } from "./binding.ts";

/** Milliseconds between two steps of the sweep, and the part of all that a step looks at. */
const SWEEP_INTERVAL_MS = 1000;
const SWEEP_STEPS = 30;

/** Why bindings are there no more. `evicted`: by an administrator, or by newer ones where no more may be. */
export type RemovalReason = "unregistered" | "connection lost" | "evicted" | "credentials changed";

/** What a registration here, or the end of a connection, made of an address-of-record. */
export interface LocationChange<Flow extends BindingFlow> {
  readonly aor: string;
  readonly before: readonly Binding<Flow>[];
  readonly after: readonly Binding<Flow>[];
  /** Of those that were before and are not after. */
  readonly reason: RemovalReason;
}

/**
 * Bindings by address-of-record (`sip:user@host`). A look-up never returns what has expired or lost its connection;
 * the sweep frees the memory of what nobody asks for, a thirtieth of what there is each second.
 */
export class LocationService<Flow extends BindingFlow> {
  readonly #clock: Clock;
  readonly #bindings = new Map<string, readonly Binding<Flow>[]>();
  /** Addresses-of-record with a binding over this connection. */
  readonly #byConnection = new Map<number, Set<string>>();
  /** Address-of-record by the user, host and port of a Contact. */
  readonly #byContact = new Map<string, string>();
  readonly #sweepTimer: Timer;
  readonly #listeners: ((change: LocationChange<Flow>) => void)[] = [];
  #onExpired: (aor: string, expired: readonly Binding<Flow>[]) => void = () => {};
  #sweep: IterableIterator<string> | undefined;

  constructor(clock: Clock, wheel: TimerWheel) {
    this.#clock = clock;
    this.#sweepTimer = wheel.timer(() => this.#sweepStep());
  }

  /** Addresses-of-record with bindings, those included that have expired and were not swept yet. */
  get size(): number {
    return this.#bindings.size;
  }

  /** The bindings that can be reached now, highest q first, then the latest. */
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

  /** The binding with this Contact, whatever its parameters, and whose it is. */
  atContact(uri: ContactAddress): { aor: string; binding: Binding<Flow> } | undefined {
    const key = contactKey(uri);
    const aor = this.#byContact.get(key);
    const binding = aor === undefined
      ? undefined
      : this.lookup(aor).find(({ contact }) => keyOf(contact) === key);
    return aor === undefined || binding === undefined ? undefined : { aor, binding };
  }

  /** Calls back at once with each change but for what is adopted or expires. Must not throw. */
  onChange(listener: (change: LocationChange<Flow>) => void): void {
    this.#listeners.push(listener);
  }

  /**
   * Calls back when it is noticed that bindings have expired, half a minute late at most, or that their connection is closed.
   * One listener; must not throw.
   */
  onExpired(listener: (aor: string, expired: readonly Binding<Flow>[]) => void): void {
    this.#onExpired = listener;
  }

  /** Puts `bindings` in the place of all that the address-of-record had: one step, all or nothing. */
  replace(aor: string, bindings: readonly Binding<Flow>[], reason: RemovalReason = "unregistered"): void {
    const before = this.#bindings.get(aor) ?? NONE;
    const after = this.adopt(aor, bindings);
    this.#tell({ aor, before, after, reason });
  }

  /** The same for what was kept or changed elsewhere, and need not be told. */
  adopt(aor: string, bindings: readonly Binding<Flow>[]): readonly Binding<Flow>[] {
    const sorted = bindings.length < 2 ? bindings : [...bindings].sort(byPreference);
    this.#keep(aor, sorted);
    for (const { flow } of bindings) if (flow.isConnection) this.#index(flow.id, aor);
    if (!this.#sweepTimer.isRunning) this.#sweepTimer.start(SWEEP_INTERVAL_MS);
    return sorted;
  }

  /** Drops every binding whose registration came by this connection, unless its device takes new ones. */
  removeConnection(flow: Flow): void {
    const addressesOfRecord = this.#byConnection.get(flow.id);
    if (!addressesOfRecord) return;
    this.#byConnection.delete(flow.id);
    for (const aor of addressesOfRecord) {
      const before = this.#bindings.get(aor);
      if (!before) continue;
      const after = before.filter((binding) => binding.flow.id !== flow.id || outlivesFlow(binding));
      this.#keep(aor, after);
      if (after.length < before.length) this.#tell({ aor, before, after, reason: "connection lost" });
    }
  }

  /** Those with bindings, and some whose bindings have expired. */
  addressesOfRecord(): IterableIterator<string> {
    return this.#bindings.keys();
  }

  /** Every address-of-record with what it is bound to now. */
  *entries(): IterableIterator<[aor: string, bindings: readonly Binding<Flow>[]]> {
    for (const aor of this.#bindings.keys()) {
      const bindings = this.lookup(aor);
      if (bindings.length > 0) yield [aor, bindings];
    }
  }

  close(): void {
    this.#sweepTimer.stop();
  }

  #tell(change: LocationChange<Flow>): void {
    for (const listener of this.#listeners) listener(change);
  }

  #keep(aor: string, bindings: readonly Binding<Flow>[]): readonly Binding<Flow>[] {
    this.#indexContacts(aor, this.#bindings.get(aor) ?? NONE, bindings);
    if (bindings.length === 0) this.#bindings.delete(aor);
    else this.#bindings.set(aor, bindings);
    return bindings;
  }

  /** Refreshes, by far the most of all changes, change no Contact. */
  #indexContacts(aor: string, before: readonly Binding<Flow>[], after: readonly Binding<Flow>[]): void {
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

/** The part of a Contact that tells where it is. */
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

function outlivesFlow({ listensAt, isLocated }: Binding): boolean {
  return listensAt > 0 || isLocated === true;
}

function byPreference(a: Binding, b: Binding): number {
  return b.q - a.q || b.updatedAt - a.updatedAt;
}
