/**
 * The location service of several nodes: each has all bindings in memory, where they are looked up; Redis has them too,
 * and carries changes from node to node.
 */
import type { Clock } from "../../runtime/clock.ts";
import { logger } from "../../runtime/log.ts";
import type { RedisConnection } from "../../runtime/redis_connection.ts";
import type { Timer, TimerWheel } from "../../runtime/timer_wheel.ts";
import { Turn } from "../../runtime/turn.ts";
import type { Binding, BindingFlow } from "../binding.ts";
import { bindingId, bindingOf, type BindingRecord, type FlowRecords, recordOf } from "../binding_record.ts";
import type { LocationChange, LocationService } from "../location_service.ts";
import { BINDING_CHANNEL, bindingKey, CHANGE_BINDINGS } from "./binding_keys.ts";
import { formatBindingMessage, parseBindingMessage, type RemovedBinding } from "./binding_message.ts";
import { readSharedBindings, type SharedBindings } from "./shared_bindings.ts";
import type { NodeTable } from "./node_table.ts";

const log = logger("cluster");

/** Milliseconds between two comparisons of memory with Redis, for what may have been missed. */
const COMPARISON_INTERVAL = 300_000;
/** The same when something was amiss. */
const SOON = 3000;
/** Milliseconds that another node has to say that a binding is still there which Redis has lost. */
const GRACE = 5000;
/** Scripts that are on their way to Redis at a time. */
const SCRIPTS_AT_ONCE = 256;

export interface SharedLocationParts<Flow extends BindingFlow> {
  readonly location: LocationService<Flow>;
  readonly connection: RedisConnection;
  readonly flows: FlowRecords<Flow>;
  readonly nodes: NodeTable;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
}

/** What became of a binding here: there is a new one, or none. */
type OwnChange<Flow extends BindingFlow> = Binding<Flow> | RemovedBinding;

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
  readonly #tellTimer: Timer;
  readonly #comparisonTimer: Timer;
  #telling: Promise<void> | undefined;
  #comparing: Promise<void> | undefined;
  #compareAgain = false;
  #isStopped = false;

  constructor(parts: SharedLocationParts<Flow>) {
    this.#parts = parts;
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
    if (this.#untold.size > 0 && this.#parts.connection.isUp) await this.#tellAll();
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
      } catch (error) {
        // That Redis is away is told elsewhere, and it will be compared when it is back.
        if (this.#parts.connection.isUp) log.warn("Cannot read the bindings in Redis: {error}", { error });
        isAmiss = true;
      }
    }
    if (!this.#isStopped) this.#comparisonTimer.start(isAmiss ? SOON : COMPARISON_INTERVAL);
  }

  /** False if it has to be done again soon. */
  async #compareOnce(): Promise<boolean> {
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

  /** False when something has to be looked at again. */
  async #takeOver({ byAor }: SharedBindings): Promise<boolean> {
    const { location } = this.#parts;
    const turn = new Turn();
    let isAllClear = true;
    for (const aor of new Set([...byAor.keys(), ...location.addressesOfRecord()])) {
      if (turn.isOver) await turn.next();
      const shared = byAor.get(aor) ?? new Map<string, unknown>();
      const before = location.lookup(aor);
      const known = new Map(before.map((binding) => [bindingId(binding), binding]));
      const after: Binding<Flow>[] = [];
      for (const id of new Set([...known.keys(), ...shared.keys()])) {
        const binding = known.get(id);
        const record = shared.get(id);
        if (this.#changedMeanwhile?.has(bindingKey(aor, id))) {
          if (binding) after.push(binding);
        } else if (record !== undefined) {
          const latest = this.#latest(binding, record);
          if (latest) after.push(latest);
          else this.#forget(aor, id, record);
        } else if (binding && this.#keepsUnshared(aor, binding)) {
          after.push(binding);
          isAllClear = false;
        }
      }
      if (after.length !== before.length || !after.every((binding) => before.includes(binding))) {
        location.adopt(aor, after);
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
    const now = this.#parts.clock.now();
    const since = this.#missingSince.get(binding) ?? now;
    this.#missingSince.set(binding, since);
    return now - since < GRACE;
  }

  /** The binding in memory unless the record is of a later registration; undefined when nobody can be reached by it. */
  #latest(known: Binding<Flow> | undefined, record: unknown): Binding<Flow> | undefined {
    const { flows, clock, nodes } = this.#parts;
    const { callId, cseq, node } = record as Partial<BindingRecord>;
    if (known) this.#missingSince.delete(known);
    if (known && known.callId === callId && known.cseq === cseq) return known;
    const kept = bindingOf(record, flows, clock);
    if (known && (!kept || !isLater(kept, known))) return known;
    if (kept && node?.address !== nodes.self.address) this.#foreign.add(kept);
    return kept;
  }

  /** What a node left behind whose connections ended with it. */
  #forget(aor: string, id: string, record: unknown): void {
    const { callId, cseq } = record as Partial<BindingRecord>;
    if (typeof callId === "string" && typeof cseq === "number") this.#note(aor, id, { id, callId, cseq });
  }

  #onChange({ aor, before, after }: LocationChange<Flow>): void {
    const ids = new Set<string>();
    for (const binding of after) {
      const id = bindingId(binding);
      ids.add(id);
      if (!before.includes(binding)) this.#note(aor, id, binding);
    }
    for (const { contact, instance, regId, callId, cseq } of before) {
      const id = bindingId({ contact, instance, regId });
      if (!ids.has(id)) this.#note(aor, id, { id, callId, cseq });
    }
  }

  #note(aor: string, id: string, change: OwnChange<Flow>): void {
    this.#changedMeanwhile?.add(bindingKey(aor, id));
    const changes = this.#untold.get(aor);
    if (changes) changes.set(id, change);
    else this.#untold.set(aor, new Map([[id, change]]));
    if (!this.#tellTimer.running) this.#tellTimer.start(0);
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
    const { connection, flows, nodes, clock } = this.#parts;
    const keys: string[] = [];
    const values: (string | number)[] = [];
    const set: string[] = [];
    const removed: RemovedBinding[] = [];
    for (const [id, change] of changes) {
      const { callId, cseq } = change;
      keys.push(bindingKey(aor, id));
      const lifetime = "contact" in change ? Math.floor(change.expiresAt - clock.now()) : 0;
      if ("contact" in change && lifetime > 0) {
        const record = JSON.stringify({ ...recordOf(change, flows, clock), aor, node: nodes.self });
        set.push(record);
        values.push(record, lifetime, callId, cseq);
      } else {
        removed.push({ id, callId, cseq });
        values.push("", 0, callId, cseq);
      }
    }
    const message = formatBindingMessage(nodes.self, aor, { set, removed });
    await connection.evaluate(CHANGE_BINDINGS, keys, [BINDING_CHANNEL, message, ...values]);
  }

  #onMessage(text: string): void {
    const message = parseBindingMessage(text);
    const { nodes, location } = this.#parts;
    if (message === undefined || message.node.epoch === nodes.self.epoch) return;
    nodes.note(message.node);
    const { aor, set, removed } = message;
    const bindings = new Map(location.lookup(aor).map((binding) => [bindingId(binding), binding]));
    for (const { id, callId, cseq } of removed) {
      const known = bindings.get(id);
      this.#changedMeanwhile?.add(bindingKey(aor, id));
      if (known?.callId === callId && known.cseq <= cseq) bindings.delete(id);
    }
    for (const record of set) {
      const binding = bindingOf(record, this.#parts.flows, this.#parts.clock);
      if (binding === undefined) continue;
      const id = bindingId(binding);
      this.#changedMeanwhile?.add(bindingKey(aor, id));
      const known = bindings.get(id);
      if (known && !isLater(binding, known)) continue;
      this.#foreign.add(binding);
      bindings.set(id, binding);
    }
    location.adopt(aor, [...bindings.values()]);
  }
}

/** Calls have their order; between calls, time tells. */
function isLater(binding: Binding, known: Binding): boolean {
  return binding.callId === known.callId ? binding.cseq > known.cseq : binding.updatedAt > known.updatedAt;
}
