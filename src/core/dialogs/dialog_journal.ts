/** Keeps dialogs over a restart: changes of the table are written to the database of registrations. */
import { hash } from "node:crypto";
import type { RegistrationDatabase } from "../../location/registration_database.ts";
import type { StoredRow } from "../../location/stored_row.ts";
import type { Clock } from "../../runtime/clock.ts";
import { logger } from "../../runtime/log.ts";
import type { Timer, TimerWheel } from "../../runtime/timer_wheel.ts";
import type { Dialog } from "./dialog.ts";
import type { DialogRecords } from "./dialog_record.ts";
import type { DialogTable } from "./dialog_table.ts";

const log = logger("dialogs");

/** Time that changes gather; a shorter call is never written. */
const INTERVAL_MS = 500;
/** Lifetime of a call without an end. */
const LIFETIME_MS = 24 * 3_600_000;
/** Prefix of the keys of dialogs in the database. */
const KEY_PREFIX = "dialog:";

export interface DialogJournalParts {
  readonly table: DialogTable;
  readonly records: DialogRecords;
  readonly database: Pick<RegistrationDatabase, "write">;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
}

export class DialogJournal {
  readonly #parts: DialogJournalParts;
  readonly #changed = new Set<Dialog>();
  readonly #timer: Timer;

  constructor(parts: DialogJournalParts) {
    this.#parts = parts;
    this.#timer = parts.wheel.timer(() => this.#write());
    parts.table.onChange((dialog) => this.#note(dialog));
  }

  /** Adds the dialogs of stored rows to the table, and returns them. */
  adopt(rows: readonly StoredRow[]): readonly Dialog[] {
    const { table, records } = this.#parts;
    const dialogs: Dialog[] = [];
    for (const { key, text } of rows) {
      const dialog = key.startsWith(KEY_PREFIX) ? records.read(text) : undefined;
      if (!dialog) continue;
      dialog.storedKey = key;
      dialogs.push(table.add(dialog));
    }
    if (dialogs.length > 0) log.info("Restored {count} dialogs", { count: dialogs.length });
    return dialogs;
  }

  /** Writes the remaining changes. */
  stop(): void {
    this.#timer.stop();
    this.#write();
  }

  #note(dialog: Dialog): void {
    this.#changed.add(dialog);
    if (!this.#timer.isRunning) this.#timer.start(INTERVAL_MS);
  }

  #write(): void {
    const { table, database } = this.#parts;
    const rows: StoredRow[] = [];
    for (const dialog of this.#changed) {
      if (table.has(dialog)) rows.push(this.#rowOf(dialog));
      else if (dialog.storedKey !== "") rows.push({ key: dialog.storedKey, text: "", expiresAt: 0 });
    }
    this.#changed.clear();
    if (rows.length > 0) database.write(rows);
  }

  #rowOf(dialog: Dialog): StoredRow {
    const { records, clock } = this.#parts;
    dialog.storedKey ||= keyOf(dialog);
    const lifetime = dialog.isCall ? LIFETIME_MS : dialog.subscribedUntil - clock.now();
    return { key: dialog.storedKey, text: records.write(dialog), expiresAt: clock.wallTime() + lifetime };
  }
}

function keyOf({ id }: Dialog): string {
  return KEY_PREFIX + hash("sha256", id, "base64url");
}
