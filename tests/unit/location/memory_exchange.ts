/** An exchange of bindings within one process. */
import { type BindingEntry, isLater } from "../../../src/location/binding_entry.ts";
import type {
  BindingExchange,
  BindingMessage,
  StoredBindings,
} from "../../../src/location/binding_exchange.ts";
import type { Clock } from "../../../src/runtime/clock.ts";

export class MemoryExchange implements BindingExchange {
  #isUp = true;
  readonly #clock: Clock;
  readonly #byAor = new Map<string, Map<string, BindingEntry>>();
  readonly #subscribers: { onMessage: (message: BindingMessage) => void; onReady: () => void }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  set isUp(isUp: boolean) {
    this.#isUp = isUp;
    if (isUp) { for (const { onReady } of this.#subscribers) onReady(); }
  }

  /** Loses everything that is stored. */
  clear(): void {
    this.#byAor.clear();
  }

  async time(): Promise<number> {
    await this.#reached();
    return this.#clock.wallTime();
  }

  async publish({ node, aor, entries, lost }: BindingMessage): Promise<void> {
    await this.#reached();
    const stored = this.#byAor.get(aor) ?? new Map<string, BindingEntry>();
    this.#byAor.set(aor, stored);
    const later = entries.filter((entry) => {
      const known = stored.get(entry.id);
      return known === undefined || isLater(entry, known);
    });
    for (const entry of later) stored.set(entry.id, entry);
    const gone = lost.filter(({ id, callId, cseq }) => {
      const known = stored.get(id);
      return known !== undefined && !known.gone && known.callId === callId && known.cseq === cseq;
    });
    for (const { id } of gone) stored.delete(id);
    if (later.length + gone.length === 0) return;
    const message = { node, aor, entries: later, lost: gone };
    for (const { onMessage } of this.#subscribers) onMessage(structuredClone(message));
  }

  async readAll(): Promise<StoredBindings> {
    await this.#reached();
    const entries = [...this.#byAor.values()].flatMap((stored) => [...stored.values()]);
    const nodes = entries.flatMap((entry) => entry.gone || !entry.node ? [] : [entry.node.address]);
    return { byAor: structuredClone(this.#byAor), nodes: new Set(nodes) };
  }

  subscribe(onMessage: (message: BindingMessage) => void, onReady: () => void): void {
    this.#subscribers.push({ onMessage, onReady });
  }

  async #reached(): Promise<void> {
    await Promise.resolve();
    if (!this.#isUp) throw new Error("the exchange is down");
  }
}
