/** The file of the registration database, and what becomes of it when it is damaged, removed or not to be written. */
import type { StoredRow } from "./registration_database.ts";
import type { Notice } from "./registration_database_worker.ts";
import { isDamage, RegistrationTable, type TablePart } from "./registration_table.ts";
import { setAside } from "./set_aside.ts";

/**
 * Opened anew whenever something failed, since it cannot be known what is left of it. Damage at any time has the file
 * set aside and the task done on a new one; everything else is thrown, and the next call begins with opening.
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

  write(rows: readonly StoredRow[], expiredAt: number | undefined): void {
    this.#onTable((table) => table.write(rows, expiredAt));
  }

  /** Moves what the log has into the file. */
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
      this.#onNotice({ kind: "set aside", name: setAside(this.#path, Date.now()), reason });
      return task(this.#openTable());
    }
  }

  #openTable(): RegistrationTable {
    if (this.#table?.isInPlace() === false) {
      // What is written to a removed file is told to be stored, and is lost with the process.
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
      // It failed before, and that is what is told.
      this.#table = undefined;
    }
  }
}
