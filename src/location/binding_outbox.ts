/** Changes of this node's bindings on their way to the exchange. */
import type { Clock } from "../runtime/clock.ts";
import type { Timer, TimerWheel } from "../runtime/timer_wheel.ts";
import type { Binding, BindingFlow } from "./binding.ts";
import type { BindingEntry } from "./binding_entry.ts";
import type { BindingExchange, BindingMessage, LostBinding } from "./binding_exchange.ts";
import { type FlowRecords, type NodeRecord, recordOf, toWallTime } from "./binding_record.ts";

/** Milliseconds from a failed or unsettled exchange to the next attempt. */
export const RETRY_INTERVAL_MS = 3000;
/** Pending changes of an address-of-record; beyond, removals are forgotten. */
const MAX_CHANGES = 256;
const MAX_PUBLICATIONS_AT_ONCE = 256;

/** A new binding, or one that was removed or lost its connection. */
export type OwnChange<Flow extends BindingFlow> = Binding<Flow> | EndedBinding;

export interface EndedBinding {
  readonly ended: "removed" | "lost";
  readonly callId: string;
  readonly cseq: number;
  /** `Clock.now()` milliseconds of the removal. */
  readonly updatedAt: number;
  /** `Clock.now()` milliseconds at which the binding would have expired. */
  readonly expiresAt: number;
}

export interface BindingOutboxParts<Flow extends BindingFlow> {
  readonly exchange: BindingExchange;
  readonly self: NodeRecord;
  readonly flows: Pick<FlowRecords<Flow>, "describe">;
  /** Its wall clock is that of the exchange. */
  readonly clock: Pick<Clock, "now" | "wallTime">;
  readonly wheel: TimerWheel;
}

export class BindingOutbox<Flow extends BindingFlow> {
  readonly #parts: BindingOutboxParts<Flow>;
  /** Unpublished changes by address-of-record and binding id. */
  readonly #changes = new Map<string, Map<string, OwnChange<Flow>>>();
  readonly #timer: Timer;
  #publishing: Promise<void> | undefined;
  #isStopped = false;

  constructor(parts: BindingOutboxParts<Flow>) {
    this.#parts = parts;
    this.#timer = parts.wheel.timer(() => this.#publish());
  }

  add(aor: string, id: string, change: OwnChange<Flow>): void {
    const changes = this.#changes.get(aor) ?? new Map<string, OwnChange<Flow>>();
    this.#changes.set(aor, changes.set(id, change));
    if (changes.size > MAX_CHANGES) forgetEnded(changes);
    if (!this.#timer.isRunning) this.#timer.start(0);
  }

  /** Publishes everything. Rejects when something remains; it stays in the outbox. */
  async flush(): Promise<void> {
    while (this.#changes.size > 0) {
      const batch = [...this.#changes].slice(0, MAX_PUBLICATIONS_AT_ONCE);
      for (const [aor] of batch) this.#changes.delete(aor);
      const results = await Promise.allSettled(batch.map(([aor, changes]) => this.#publishOne(aor, changes)));
      for (const [i, result] of results.entries()) {
        if (result.status === "rejected") this.#putBack(...batch[i]);
      }
      const failed = results.find((result) => result.status === "rejected");
      if (failed) throw failed.reason;
    }
  }

  /** Publishes what can be published now. Other nodes drop the rest when this node is gone. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer.stop();
    await this.#publishing;
    if (this.#parts.exchange.isUp) await this.flush().catch(() => {});
  }

  #publish(): void {
    this.#publishing ??= this.flush().catch(() => {
      // The changes stay until the exchange can be reached.
    }).finally(() => {
      this.#publishing = undefined;
      if (this.#changes.size > 0 && this.#parts.exchange.isUp && !this.#isStopped) {
        this.#timer.start(RETRY_INTERVAL_MS);
      }
    });
  }

  /** Newer changes of the same bindings take precedence. */
  #putBack(aor: string, changes: Map<string, OwnChange<Flow>>): void {
    this.#changes.set(aor, new Map([...changes, ...this.#changes.get(aor) ?? []]));
  }

  async #publishOne(aor: string, changes: ReadonlyMap<string, OwnChange<Flow>>): Promise<void> {
    const message = this.#messageOf(aor, changes);
    if (message.entries.length + message.lost.length > 0) await this.#parts.exchange.publish(message);
  }

  #messageOf(aor: string, changes: ReadonlyMap<string, OwnChange<Flow>>): BindingMessage {
    const { clock, self } = this.#parts;
    const entries: BindingEntry[] = [];
    const lost: LostBinding[] = [];
    for (const [id, change] of changes) {
      const lifetime = Math.floor(change.expiresAt - clock.now());
      if (lifetime <= 0) continue;
      const { callId, cseq } = change;
      if ("ended" in change && change.ended === "lost") lost.push({ id, callId, cseq });
      else entries.push({ aor, id, lifetime, ...this.#contentOf(change) });
    }
    return { node: self, aor, entries, lost };
  }

  #contentOf(change: OwnChange<Flow>) {
    const { flows, self, clock } = this.#parts;
    if (!("ended" in change)) return { ...recordOf(change, flows, clock), node: self };
    const { callId, cseq, updatedAt } = change;
    return { gone: true as const, callId, cseq, updatedAt: toWallTime(updatedAt, clock) };
  }
}

function forgetEnded(changes: Map<string, object>): void {
  for (const [id, change] of changes) if ("ended" in change) changes.delete(id);
}
