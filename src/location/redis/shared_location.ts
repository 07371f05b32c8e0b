/**
 * The location service of several nodes: each has all bindings in memory, where they are looked up; Redis has them too,
 * and carries changes from node to node.
 */
import type { Clock } from "../../runtime/clock.ts";
import { logger } from "../../runtime/log.ts";
import { describeRedisError } from "../../runtime/redis/redis_client.ts";
import type { RedisConnection } from "../../runtime/redis/redis_connection.ts";
import type { Timer, TimerWheel } from "../../runtime/timer_wheel.ts";
import { Turn } from "../../runtime/turn.ts";
import type { Binding, BindingFlow } from "../binding.ts";
import { bindingId, bindingOf, type BindingRecord, type FlowRecords, recordOf } from "../binding_record.ts";
import type { LocationChange, LocationService } from "../location_service.ts";
import { BINDING_CHANNEL, bindingKey, CHANGE_BINDINGS } from "./binding_keys.ts";
import { type BindingEntry, type EntryOrder, isLater, recordOfEntry } from "./binding_entry.ts";
import { parseBindingMessage } from "./binding_message.ts";
import { readSharedBindings, type SharedBindings } from "./shared_bindings.ts";
import type { NodeTable } from "./node_table.ts";

const log = logger("cluster");

/** Milliseconds between two comparisons of memory with Redis, for what may have been missed. */
const COMPARISON_INTERVAL = 300_000;
/** The same when something was amiss. */
const SOON = 3000;
/** Milliseconds that another node has to say that a binding is still there which Redis has lost. */
const GRACE = 5000;
/** Changes of an address-of-record that wait for Redis; beyond, what came and went meanwhile is forgotten. */
const MOST_UNTOLD = 256;
/** Scripts that are on their way to Redis at a time. */
const SCRIPTS_AT_ONCE = 256;

export interface SharedLocationParts<Flow extends BindingFlow> {
  readonly location: LocationService<Flow>;
  readonly connection: RedisConnection;
  readonly flows: FlowRecords<Flow>;
  readonly nodes: NodeTable;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  /** Bindings were taken over that others made. */
  onAdopted(aor: string, bindings: readonly Binding<Flow>[]): void;
}

/** What Redis is to learn of a binding: there is a new one, somebody ended it, or its connection has ended. */
type OwnChange<Flow extends BindingFlow> =
  | Binding<Flow>
  | {
    readonly ended: "removed" | "lost";
    readonly callId: string;
    readonly cseq: number;
    /** `Clock.now()` milliseconds: of the removal, and of when the binding would have expired. */
    readonly updatedAt: number;
    readonly expiresAt: number;
  };

export class SharedLocation<Flow extends BindingFlow> {
  readonly #parts: SharedLocationParts<Flow>;
  /** What Redis does not know yet, by address-of-record and binding. */
  #untold = new Map<string, Map<string, OwnChange<Flow>>>();
  /** Bindings that came from other nodes. */
  readonly #foreign = new WeakSet<Binding<Flow>>();
  /** Of those, what Redis does not have, and since when. */
  readonly #missingSince = new WeakMap<Binding<Flow>, number>();
  /** Keys of bindings that changed while Redis is being read. */
  #changedMeanwhile: Set<string> | undefined;
  /** That of Redis, as far as the wall is concerned: nodes may have wrong ones. */
  readonly #clock: Pick<Clock, "now" | "wallTime">;
  /** Milliseconds that it is ahead of ours. */
  #ahead = 0;
  readonly #tellTimer: Timer;
  readonly #comparisonTimer: Timer;
  #telling: Promise<void> | undefined;
  #comparing: Promise<void> | undefined;
  #compareAgain = false;
  /** Why sharing fails, "" while it does not. */
  #reason = "";
  #isStopped = false;

  constructor(parts: SharedLocationParts<Flow>) {
    this.#parts = parts;
    const { clock } = parts;
    this.#clock = { now: () => clock.now(), wallTime: () => clock.wallTime() + this.#ahead };
    this.#tellTimer = parts.wheel.timer(() => this.#tell());
    this.#comparisonTimer = parts.wheel.timer(() => void this.compare());
  }

  /** Resolves when everything that the other nodes know is known here. */
  async start(): Promise<void> {
    const { location, connection } = this.#parts;
    location.onChange((change) => this.#onChange(change));
    connection.subscribe(BINDING_CHANNEL, (text) => this.#onMessage(text));
    // Messages before have been missed.
    connection.onSubscribed(() => void this.compare());
    await this.compare();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#tellTimer.stop();
    this.#comparisonTimer.stop();
    await this.#telling;
    // Who is not told now finds out when this node no longer shows itself.
    if (this.#parts.connection.isUp) await this.#tellAll().catch(() => {});
  }

  /** Makes memory and Redis say the same. */
  async compare(): Promise<void> {
    this.#compareAgain = true;
    this.#comparing ??= this.#compareUntilDone().finally(() => this.#comparing = undefined);
    await this.#comparing;
  }

  async #compareUntilDone(): Promise<void> {
    let isAmiss = false;
    while (this.#compareAgain && !this.#isStopped) {
      this.#compareAgain = false;
      try {
        isAmiss = !await this.#compareOnce();
        this.#reason = "";
      } catch (error) {
        this.#complain(describeRedisError(error));
        isAmiss = true;
      }
    }
    if (!this.#isStopped) this.#comparisonTimer.start(isAmiss ? SOON : COMPARISON_INTERVAL);
  }

  /** Once for each reason; that Redis is away is told elsewhere. */
  #complain(reason: string): void {
    if (this.#parts.connection.isUp && reason !== this.#reason) {
      log.warn("Cannot share registrations by Redis: {reason}", { reason });
    }
    this.#reason = reason;
  }

  /** False if it has to be done again soon. */
  async #compareOnce(): Promise<boolean> {
    await this.#setClock();
    await this.#tellAll();
    this.#changedMeanwhile = new Set();
    try {
      const shared = await readSharedBindings(this.#parts.connection);
      await this.#parts.nodes.refresh(shared.nodes);
      return await this.#takeOver(shared);
    } finally {
      this.#changedMeanwhile = undefined;
    }
  }

  async #setClock(): Promise<void> {
    const [seconds, microseconds] = await this.#parts.connection.commands.time();
    this.#ahead = Number(seconds) * 1000 + Number(microseconds) / 1000 - this.#parts.clock.wallTime();
  }

  /** False when something has to be looked at again. */
  async #takeOver({ byAor }: SharedBindings): Promise<boolean> {
    const { location } = this.#parts;
    const turn = new Turn();
    let isAllClear = true;
    for (const aor of new Set([...byAor.keys(), ...location.addressesOfRecord()])) {
      if (turn.isOver) await turn.next();
      const shared = byAor.get(aor) ?? new Map<string, BindingEntry>();
      const before = location.lookup(aor);
      const known = new Map(before.map((binding) => [bindingId(binding), binding]));
      const after: Binding<Flow>[] = [];
      for (const id of new Set([...known.keys(), ...shared.keys()])) {
        const binding = known.get(id);
        const entry = shared.get(id);
        if (this.#changedMeanwhile?.has(bindingKey(aor, id))) {
          if (binding) after.push(binding);
        } else if (entry) {
          const latest = this.#latest(aor, binding, entry);
          if (latest) after.push(latest);
        } else if (binding && this.#keepsUnshared(aor, binding)) {
          after.push(binding);
          isAllClear = false;
        }
      }
      if (after.length !== before.length || !after.every((binding) => before.includes(binding))) {
        this.#adopt(aor, after);
      }
    }
    return isAllClear;
  }

  /** Whether a binding stays that Redis does not have: it has lost it, or somebody has removed it. */
  #keepsUnshared(aor: string, binding: Binding<Flow>): boolean {
    if (!this.#foreign.has(binding)) {
      this.#note(aor, bindingId(binding), binding);
      return true;
    }
    // If it was lost, the node that has it says so soon.
    const now = this.#clock.now();
    const since = this.#missingSince.get(binding) ?? now;
    this.#missingSince.set(binding, since);
    return now - since < GRACE;
  }

  /** The binding in memory or in Redis, whichever is later; undefined when there is none any more. */
  #latest(aor: string, known: Binding<Flow> | undefined, entry: BindingEntry): Binding<Flow> | undefined {
    if (known) {
      this.#missingSince.delete(known);
      if (!isLater(entry, this.#orderOf(known))) {
        // A node that was cut off has written what it had before.
        if (isLater(this.#orderOf(known), entry) && !this.#foreign.has(known)) {
          this.#note(aor, entry.id, known);
        }
        return known;
      }
    }
    return entry.gone ? undefined : this.#bindingOf(aor, entry);
  }

  /** Undefined when nobody can be reached by it; what a node left behind is taken away then. */
  #bindingOf(aor: string, entry: BindingEntry & BindingRecord): Binding<Flow> | undefined {
    const { flows, nodes } = this.#parts;
    const clock = this.#clock;
    const { id, callId, cseq, lifetime, node } = entry;
    const record = recordOfEntry(entry, { lifetime, wallTime: clock.wallTime() });
    const binding = bindingOf(record, flows, clock);
    if (binding && node?.address !== nodes.self.address) this.#foreign.add(binding);
    if (!binding && lifetime > 0) {
      const now = clock.now();
      this.#note(aor, id, { ended: "lost", callId, cseq, updatedAt: now, expiresAt: now + lifetime });
    }
    return binding;
  }

  #orderOf({ callId, cseq, updatedAt }: Binding<Flow>): EntryOrder {
    return { callId, cseq, updatedAt: this.#wallTimeOf(updatedAt) };
  }

  #onChange({ aor, before, after, reason }: LocationChange<Flow>): void {
    const ids = new Set<string>();
    for (const binding of after) {
      const id = bindingId(binding);
      ids.add(id);
      if (!before.includes(binding)) this.#note(aor, id, binding);
    }
    const updatedAt = this.#clock.now();
    for (const binding of before) {
      const id = bindingId(binding);
      if (ids.has(id)) continue;
      const { callId, cseq, expiresAt } = binding;
      this.#note(aor, id, {
        ended: reason === "connection lost" ? "lost" : "removed",
        callId,
        cseq,
        updatedAt,
        expiresAt,
      });
    }
  }

  #note(aor: string, id: string, change: OwnChange<Flow>): void {
    this.#changedMeanwhile?.add(bindingKey(aor, id));
    const changes = this.#untold.get(aor) ?? new Map<string, OwnChange<Flow>>();
    this.#untold.set(aor, changes.set(id, change));
    if (changes.size > MOST_UNTOLD) forgetEnded(changes);
    if (!this.#tellTimer.isRunning) this.#tellTimer.start(0);
  }

  #tell(): void {
    this.#telling ??= this.#tellAll().catch(() => {
      // They stay untold until Redis is back.
    }).finally(() => {
      this.#telling = undefined;
      if (this.#untold.size > 0 && this.#parts.connection.isUp && !this.#isStopped) {
        this.#tellTimer.start(SOON);
      }
    });
  }

  /** Rejects when something stays untold. */
  async #tellAll(): Promise<void> {
    while (this.#untold.size > 0) {
      const some = [...this.#untold].slice(0, SCRIPTS_AT_ONCE);
      for (const [aor] of some) this.#untold.delete(aor);
      const results = await Promise.allSettled(some.map(([aor, changes]) => this.#tellOne(aor, changes)));
      for (const [i, result] of results.entries()) {
        if (result.status === "rejected") this.#putBack(...some[i]);
      }
      const failed = results.find((result) => result.status === "rejected");
      if (failed) throw failed.reason;
    }
  }

  /** What has changed since goes before. */
  #putBack(aor: string, changes: Map<string, OwnChange<Flow>>): void {
    this.#untold.set(aor, new Map([...changes, ...this.#untold.get(aor) ?? []]));
  }

  async #tellOne(aor: string, changes: ReadonlyMap<string, OwnChange<Flow>>): Promise<void> {
    const { connection, nodes } = this.#parts;
    const keys: string[] = [];
    const values: (string | number)[] = [];
    for (const [id, change] of changes) {
      const lifetime = Math.floor(change.expiresAt - this.#clock.now());
      if (lifetime <= 0) continue;
      keys.push(bindingKey(aor, id));
      if ("ended" in change && change.ended === "lost") {
        const { callId, cseq } = change;
        values.push("", JSON.stringify({ id, callId, cseq }));
      } else {
        values.push(JSON.stringify({ aor, id, lifetime, ...this.#contentOf(change) }), lifetime);
      }
    }
    if (keys.length === 0) return;
    const about = [BINDING_CHANNEL, JSON.stringify(nodes.self), JSON.stringify(aor)];
    await connection.evaluate(CHANGE_BINDINGS, keys, [...about, ...values]);
  }

  #contentOf(change: OwnChange<Flow>): object {
    const { flows, nodes } = this.#parts;
    if (!("ended" in change)) return { ...recordOf(change, flows, this.#clock), node: nodes.self };
    const { callId, cseq, updatedAt } = change;
    return { gone: true, callId, cseq, updatedAt: this.#wallTimeOf(updatedAt) };
  }

  /** @param time `Clock.now()` milliseconds */
  #wallTimeOf(time: number): number {
    return Math.round(time + this.#clock.wallTime() - this.#clock.now());
  }

  #onMessage(text: string): void {
    const message = parseBindingMessage(text);
    const { nodes, location } = this.#parts;
    if (message === undefined || message.node.epoch === nodes.self.epoch) return;
    nodes.note(message.node);
    const { aor, entries, lost } = message;
    const bindings = new Map(location.lookup(aor).map((binding) => [bindingId(binding), binding]));
    for (const { id, callId, cseq } of lost) {
      const known = bindings.get(id);
      this.#changedMeanwhile?.add(bindingKey(aor, id));
      // Which of our connections have ended we know best.
      const isIt = known?.callId === callId && known.cseq === cseq && this.#foreign.has(known);
      if (isIt) bindings.delete(id);
    }
    for (const entry of entries) {
      const { id } = entry;
      const known = bindings.get(id);
      this.#changedMeanwhile?.add(bindingKey(aor, id));
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

function forgetEnded(changes: Map<string, object>): void {
  for (const [id, change] of changes) if ("ended" in change) changes.delete(id);
}
