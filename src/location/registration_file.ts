/** The file of the registration database: damage, removal and failures are handled here. */
import { systemClock } from "../runtime/clock.ts";
import { DamagedFile } from "./damaged_file.ts";
import { formerDatabase } from "./former_database.ts";
import { quarantine } from "./quarantine.ts";
import type { Notice } from "./registration_database_messages.ts";
import { type LogPart, RegistrationLog } from "./registration_log.ts";

/**
 * A file that is opened again after each failure, since a failure leaves it in an unknown state. A damaged file is
 * quarantined, and the task is done on a new one; other errors are thrown.
 */
export class RegistrationFile {
  readonly #path: string;
  readonly #onNotice: (notice: Notice) => void;
  #log: RegistrationLog | undefined;

  constructor(path: string, onNotice: (notice: Notice) => void) {
    this.#path = path;
    this.#onNotice = onNotice;
  }

  async open(): Promise<void> {
    await this.#onLog(() => undefined);
    const former = formerDatabase(this.#path);
    if (former === undefined) return;
    try {
      for (const rows of former.read()) await this.write(rows);
      former.remove();
    } catch (error) {
      if (!(error instanceof DamagedFile)) throw error;
      this.#quarantine(former.path, error);
    }
  }

  load(after: number | undefined, now: number): Promise<LogPart | undefined> {
    return this.#onLog((log) => log.load(after, now));
  }

  write(rows: ArrayBuffer): Promise<void> {
    return this.#onLog((log) => log.write(rows));
  }

  sweep(now: number): Promise<void> {
    return this.#onLog((log) => log.sweep(now));
  }

  close(): void {
    this.#log?.close();
    this.#log = undefined;
  }

  async #onLog<Result>(task: (log: RegistrationLog) => Result): Promise<Result> {
    try {
      return task(await this.#openLog());
    } catch (error) {
      this.#abandon();
      if (!(error instanceof DamagedFile)) throw error;
      this.#quarantine(this.#path, error);
      return task(await this.#openLog());
    }
  }

  #quarantine(path: string, { message: reason }: Error): void {
    this.#onNotice({ kind: "quarantined", name: quarantine(path, systemClock.wallTime()), reason });
  }

  async #openLog(): Promise<RegistrationLog> {
    if (this.#log?.isInPlace() === false) {
      // Writes to a removed file seem to succeed, and are lost with the process.
      this.#onNotice({ kind: "removed" });
      this.#abandon();
    }
    this.#log ??= await RegistrationLog.open(this.#path);
    return this.#log;
  }

  #abandon(): void {
    try {
      this.close();
    } catch {
      // The earlier failure is the one that is reported.
      this.#log = undefined;
    }
  }
}
