/** Registrations that survive a restart: a row for each address-of-record, written some time after it has changed. */
import type { Clock } from "../runtime/clock.ts";
import { logger } from "../runtime/log.ts";
import type { Timer, TimerWheel } from "../runtime/timer_wheel.ts";
import { Turn } from "../runtime/turn.ts";
import type { Binding, BindingFlow } from "./binding.ts";
import { bindingOf, type FlowRecords } from "./binding_record.ts";
import { BindingRows } from "./binding_rows.ts";
import type { LocationService } from "./location_service.ts";
import type { RegistrationDatabase } from "./registration_database.ts";
import { ChangedRows } from "./row_source.ts";
import type { StoredRow } from "./stored_row.ts";

const log = logger("location");

/** Changes are collected before they are written in one batch, since writing wears out SD cards. */
const WRITE_INTERVAL_MS = 500;

export interface RegistrationJournalParts<Flow extends BindingFlow> {
  readonly location: LocationService<Flow>;
  readonly database: Pick<RegistrationDatabase, "store" | "close">;
  readonly flows: FlowRecords<Flow>;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  /** Reports whether a stored binding is still allowed by the configuration. */
  accepts(aor: string, binding: Binding<Flow>): boolean;
  /** Called when stored bindings were adopted. */
  onAdopted(aor: string, bindings: readonly Binding<Flow>[]): void;
}

export class RegistrationJournal<Flow extends BindingFlow> {
  readonly #parts: RegistrationJournalParts<Flow>;
  /** By address-of-record. */
  readonly #changed = new ChangedRows<readonly Binding<Flow>[]>((batch) => {
    const rows = new BindingRows(batch, this.#parts);
    return (aor, bindings) => rows.add(aor, bindings);
  });
  readonly #timer: Timer;

  /** Stores every later change. */
  constructor(parts: RegistrationJournalParts<Flow>) {
    this.#parts = parts;
    this.#timer = parts.wheel.timer(() => this.#write());
    parts.location.onChange(({ aor, after }) => this.#note(aor, after));
  }

  /** Adopts stored bindings that can still be reached. Registrations made meanwhile take precedence. */
  async restore(rows: readonly StoredRow[]): Promise<void> {
    const { location, flows, clock, accepts, onAdopted } = this.#parts;
    let count = 0;
    const turn = new Turn();
    for (const { key, text } of rows) {
      if (turn.isOver) await turn.next();
      const aor = aorOf(key);
      // Rows of dialogs and names are in the database, too.
      if (!aor.startsWith("sip:")) continue;
      if (this.#changed.has(aor) || location.lookup(aor).length > 0) continue;
      const records = parseList(text);
      const bindings = records.map((record) => bindingOf(record, flows, clock))
        .filter((binding) => binding !== undefined && accepts(aor, binding)) as Binding<Flow>[];
      if (bindings.length > 0) onAdopted(aor, location.adopt(aor, bindings));
      if (bindings.length < records.length) this.#note(aor, bindings);
      count += bindings.length;
    }
    if (count > 0) log.info("{count} bindings restored", { count });
  }

  /** Stores everything. */
  async stop(): Promise<void> {
    this.#timer.stop();
    this.#write();
    await this.#parts.database.close();
  }

  #note(aor: string, bindings: readonly Binding<Flow>[]): void {
    this.#changed.note(aor, bindings);
    if (!this.#timer.isRunning) this.#timer.start(WRITE_INTERVAL_MS);
  }

  #write(): void {
    if (this.#changed.size > 0) this.#parts.database.store(this.#changed);
  }
}

function aorOf(key: string): string {
  try {
    return decodeURI(key);
  } catch {
    return key;
  }
}

function parseList(text: string): readonly unknown[] {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}
