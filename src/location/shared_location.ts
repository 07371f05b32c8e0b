/**
 * The location service of several nodes. Each node has all bindings in memory, where they are looked up; an exchange stores
 * them too, and carries changes from node to node.
 */
import type { Clock } from "../runtime/clock.ts";
import { logger } from "../runtime/log.ts";
import type { Timer, TimerWheel } from "../runtime/timer_wheel.ts";
import { Turn } from "../runtime/turn.ts";
import type { Binding, BindingFlow } from "./binding.ts";
import { type BindingEntry, type EntryOrder, isLater, recordOfEntry } from "./binding_entry.ts";
import type { BindingExchange, BindingMessage, SharingNodes, StoredBindings } from "./binding_exchange.ts";
import { BindingOutbox, type OwnChange, RETRY_INTERVAL_MS } from "./binding_outbox.ts";
import { bindingId, bindingOf, type BindingRecord, type FlowRecords, toWallTime } from "./binding_record.ts";
import type { LocationChange, LocationService } from "./location_service.ts";

const log = logger("cluster");

/** Milliseconds between two comparisons of memory with the exchange, in case a message was missed. */
const COMPARISON_INTERVAL_MS = 300_000;
/** Milliseconds that another node has to publish its binding again when the exchange has lost it. */
const GRACE_MS = 5000;

export interface SharedLocationParts<Flow extends BindingFlow> {
  readonly location: LocationService<Flow>;
  readonly exchange: BindingExchange;
  readonly flows: FlowRecords<Flow>;
  readonly nodes: SharingNodes;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  /** Called when bindings of other nodes were adopted. */
  onAdopted(aor: string, bindings: readonly Binding<Flow>[]): void;
}

export class SharedLocation<Flow extends BindingFlow> {
  readonly #parts: SharedLocationParts<Flow>;
  readonly #outbox: BindingOutbox<Flow>;
  /** Bindings made at other nodes. */
  readonly #foreign = new WeakSet<Binding<Flow>>();
  /** Foreign bindings that the exchange lacks, and since when. */
  readonly #missingSince = new WeakMap<Binding<Flow>, number>();
  /** Bindings that changed during a comparison. */
  #changedMeanwhile: Set<string> | undefined;
  /** The clock with the wall time of the exchange. */
  readonly #clock: Pick<Clock, "now" | "wallTime">;
  /** Milliseconds that the clock of the exchange is ahead of ours. */
  #aheadMs = 0;
  readonly #comparisonTimer: Timer;
  #comparing: Promise<void> | undefined;
  #compareAgain = false;
  /** The logged reason of a failure, "" while all is well. */
  #reason = "";
  #isStopped = false;

  constructor(parts: SharedLocationParts<Flow>) {
    this.#parts = parts;
    const { clock, wheel, exchange, flows, nodes: { self } } = parts;
    this.#clock = { now: () => clock.now(), wallTime: () => clock.wallTime() + this.#aheadMs };
    this.#outbox = new BindingOutbox({ exchange, self, flows, clock: this.#clock, wheel });
    this.#comparisonTimer = wheel.timer(() => void this.compare());
  }

  /** Resolves when the bindings of all nodes are known here. */
  async start(): Promise<void> {
    const { location, exchange } = this.#parts;
    location.onChange((change) => this.#onChange(change));
    exchange.subscribe((message) => this.#onMessage(message), () => void this.compare());
    await this.compare();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#comparisonTimer.stop();
    await this.#outbox.stop();
  }

  /** Makes memory and exchange agree. */
  async compare(): Promise<void> {
    this.#compareAgain = true;
    this.#comparing ??= this.#compareUntilDone().finally(() => this.#comparing = undefined);
    await this.#comparing;
  }

  async #compareUntilDone(): Promise<void> {
    let isSettled = true;
    while (this.#compareAgain && !this.#isStopped) {
      this.#compareAgain = false;
      try {
        isSettled = await this.#compareOnce();
        this.#reason = "";
      } catch (error) {
        this.#logFailure(error instanceof Error ? error.message : String(error));
        isSettled = false;
      }
    }
    if (!this.#isStopped) this.#comparisonTimer.start(isSettled ? COMPARISON_INTERVAL_MS : RETRY_INTERVAL_MS);
  }

  /** Logs each reason once. The exchange itself logs that it cannot be reached. */
  #logFailure(reason: string): void {
    if (this.#parts.exchange.isUp && reason !== this.#reason) {
      log.warn("Cannot share registrations: {reason}", { reason });
    }
    this.#reason = reason;
  }

  /** Resolves with false when bindings are left in doubt. */
  async #compareOnce(): Promise<boolean> {
    const { exchange, nodes, clock } = this.#parts;
    this.#aheadMs = await exchange.time() - clock.wallTime();
    await this.#outbox.flush();
    this.#changedMeanwhile = new Set();
    try {
      const stored = await exchange.readAll();
      await nodes.refresh(stored.nodes);
      return await this.#takeOver(stored);
    } finally {
      this.#changedMeanwhile = undefined;
    }
  }

  async #takeOver({ byAor }: StoredBindings): Promise<boolean> {
    const { location } = this.#parts;
    const turn = new Turn();
    let isSettled = true;
    for (const aor of new Set([...byAor.keys(), ...location.addressesOfRecord()])) {
      if (turn.isOver) await turn.next();
      const entries = byAor.get(aor) ?? new Map<string, BindingEntry>();
      const before = location.lookup(aor);
      const known = new Map(before.map((binding) => [bindingId(binding), binding]));
      const after: Binding<Flow>[] = [];
      for (const id of new Set([...known.keys(), ...entries.keys()])) {
        const binding = known.get(id);
        const entry = entries.get(id);
        if (this.#changedMeanwhile?.has(keyOf(aor, id))) {
          if (binding) after.push(binding);
        } else if (entry) {
          const latest = this.#latest(aor, binding, entry);
          if (latest) after.push(latest);
        } else if (binding && this.#keepsMissing(aor, binding)) {
          after.push(binding);
          isSettled = false;
        }
      }
      if (after.length !== before.length || !after.every((binding) => before.includes(binding))) {
        this.#adopt(aor, after);
      }
    }
    return isSettled;
  }

  /** Reports whether to keep a binding that the exchange lacks: it was lost there, or removed by another node. */
  #keepsMissing(aor: string, binding: Binding<Flow>): boolean {
    if (!this.#foreign.has(binding)) {
      this.#publish(aor, bindingId(binding), binding);
      return true;
    }
    // The node that has a lost binding publishes it soon.
    const now = this.#clock.now();
    const since = this.#missingSince.get(binding) ?? now;
    this.#missingSince.set(binding, since);
    return now - since < GRACE_MS;
  }

  /** Returns the later one of a binding in memory and its entry; undefined when it was removed. */
  #latest(aor: string, known: Binding<Flow> | undefined, entry: BindingEntry): Binding<Flow> | undefined {
    if (known) {
      this.#missingSince.delete(known);
      if (!isLater(entry, this.#orderOf(known))) {
        // A node that was cut off has stored an older state.
        if (isLater(this.#orderOf(known), entry) && !this.#foreign.has(known)) {
          this.#publish(aor, entry.id, known);
        }
        return known;
      }
    }
    return entry.gone ? undefined : this.#bindingOf(aor, entry);
  }

  /** Returns undefined when the device cannot be reached any more, and removes what a dead node left behind. */
  #bindingOf(aor: string, entry: BindingEntry & BindingRecord): Binding<Flow> | undefined {
    const { flows, nodes } = this.#parts;
    const clock = this.#clock;
    const { id, callId, cseq, lifetime, node } = entry;
    const record = recordOfEntry(entry, { lifetime, wallTime: clock.wallTime() });
    const binding = bindingOf(record, flows, clock);
    if (binding && node?.address !== nodes.self.address) this.#foreign.add(binding);
    if (!binding && lifetime > 0) {
      const now = clock.now();
      this.#publish(aor, id, { ended: "lost", callId, cseq, updatedAt: now, expiresAt: now + lifetime });
    }
    return binding;
  }

  #orderOf({ callId, cseq, updatedAt }: Binding<Flow>): EntryOrder {
    return { callId, cseq, updatedAt: toWallTime(updatedAt, this.#clock) };
  }

  #onChange({ aor, before, after, reason }: LocationChange<Flow>): void {
    const ids = new Set<string>();
    for (const binding of after) {
      const id = bindingId(binding);
      ids.add(id);
      if (!before.includes(binding)) this.#publish(aor, id, binding);
    }
    const updatedAt = this.#clock.now();
    const ended = reason === "connection lost" ? "lost" : "removed";
    for (const binding of before) {
      const id = bindingId(binding);
      const { callId, cseq, expiresAt } = binding;
      if (!ids.has(id)) this.#publish(aor, id, { ended, callId, cseq, updatedAt, expiresAt });
    }
  }

  #publish(aor: string, id: string, change: OwnChange<Flow>): void {
    this.#changedMeanwhile?.add(keyOf(aor, id));
    this.#outbox.add(aor, id, change);
  }

  #onMessage({ node, aor, entries, lost }: BindingMessage): void {
    const { nodes, location } = this.#parts;
    if (node.epoch === nodes.self.epoch) return;
    nodes.note(node);
    const bindings = new Map(location.lookup(aor).map((binding) => [bindingId(binding), binding]));
    for (const { id, callId, cseq } of lost) {
      const known = bindings.get(id);
      this.#changedMeanwhile?.add(keyOf(aor, id));
      // This node itself knows which of its connections have ended.
      const isSame = known?.callId === callId && known.cseq === cseq && this.#foreign.has(known);
      if (isSame) bindings.delete(id);
    }
    for (const entry of entries) {
      const { id } = entry;
      const known = bindings.get(id);
      this.#changedMeanwhile?.add(keyOf(aor, id));
      if (entry.aor !== aor || known && !isLater(entry, this.#orderOf(known))) continue;
      const binding = entry.gone ? undefined : this.#bindingOf(aor, entry);
      if (binding) bindings.set(id, binding);
      else bindings.delete(id);
    }
    this.#adopt(aor, [...bindings.values()]);
  }

  #adopt(aor: string, bindings: readonly Binding<Flow>[]): void {
    const { location, onAdopted } = this.#parts;
    onAdopted(aor, location.adopt(aor, bindings));
  }
}

function keyOf(aor: string, id: string): string {
  return `${aor} ${id}`;
}
