/** The file of the registration database: damage, removal and failures are handled here. */
import { systemClock } from "../runtime/clock.ts";
import { quarantine } from "./quarantine.ts";
import type { Notice } from "./registration_database_messages.ts";
import { isDamage, RegistrationTable, type TablePart } from "./registration_table.ts";

/**
 * A database file that is opened again after each failure, since a failure leaves it in an unknown state. A damaged file
 * is quarantined, and the task is done on a new one; other errors are thrown.
 */
export class RegistrationFile {
  readonly #path: string;
  readonly #onNotice: (notice: Notice) => void;
  #table: RegistrationTable | undefined;

  constructor(path: string, onNotice: (notice: Notice) => void) {
    this.#path = path;
    this.#onNotice = onNotice;
  }

  open(): void {
    this.#onTable(() => undefined);
  }

  load(after: number | undefined, now: number): TablePart {
    return this.#onTable((table) => table.load(after, now));
  }

  write(rows: ArrayBuffer): void {
    this.#onTable((table) => table.write(rows));
  }

  sweep(expiredAt: number): void {
    this.#onTable((table) => table.sweep(expiredAt));
  }

  /** Moves the content of the log into the file. */
  close(): void {
    this.#table?.close();
    this.#table = undefined;
  }

  #onTable<Result>(task: (table: RegistrationTable) => Result): Result {
    try {
      return task(this.#openTable());
    } catch (error) {
      this.#abandon();
      if (!isDamage(error, this.#path)) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      this.#onNotice({ kind: "quarantined", name: quarantine(this.#path, systemClock.wallTime()), reason });
      return task(this.#openTable());
    }
  }

  #openTable(): RegistrationTable {
    if (this.#table?.isInPlace() === false) {
      // Writes to a removed file seem to succeed, and are lost with the process.
      this.#onNotice({ kind: "removed" });
      this.#abandon();
    }
    this.#table ??= RegistrationTable.open(this.#path);
    return this.#table;
  }

  #abandon(): void {
    try {
      this.close();
    } catch {
      // The earlier failure is the one that is reported.
      this.#table = undefined;
    }
  }
}
