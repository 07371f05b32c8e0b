/** The dialogs of a server: their table, admission to them, and their journal. */
import type { RegistrationDatabase } from "../../location/registration_database.ts";
import type { StoredRow } from "../../location/stored_row.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Metrics } from "../../runtime/metrics.ts";
import type { TimerWheel } from "../../runtime/timer_wheel.ts";
import type { AccountMacs } from "../authentication/account_macs.ts";
import type { FlowTexts } from "../flows/flow_text.ts";
import type { Dialog } from "./dialog.ts";
import { DialogAccess, type DialogAccessParts } from "./dialog_access.ts";
import { DialogJournal } from "./dialog_journal.ts";
import { DialogRecords } from "./dialog_record.ts";
import { DialogTable } from "./dialog_table.ts";

export interface DialogsParts extends Omit<DialogAccessParts, "dialogs" | "flowAt"> {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly metrics: Metrics;
  readonly flows: FlowTexts;
  readonly accountMacs: AccountMacs;
  /** Undefined when nothing outlives the process. */
  readonly database: Pick<RegistrationDatabase, "write"> | undefined;
}

export class Dialogs {
  readonly table: DialogTable;
  readonly access: DialogAccess;
  readonly #journal: DialogJournal | undefined;

  constructor(parts: DialogsParts) {
    const { clock, wheel, directory, flows, accountMacs, database } = parts;
    this.table = new DialogTable(parts);
    this.access = new DialogAccess({
      ...parts,
      dialogs: this.table,
      flowAt: (text) => flows.find(text),
    });
    const records = new DialogRecords({ clock, directory, flows, accountMacs });
    this.#journal = database && new DialogJournal({ table: this.table, records, database, clock, wheel });
  }

  /** Adds the dialogs of stored rows, and returns them. */
  adopt(rows: readonly StoredRow[]): readonly Dialog[] {
    return this.#journal?.adopt(rows) ?? [];
  }

  /** Writes the remaining changes. */
  stop(): void {
    this.#journal?.stop();
    this.table.close();
  }
}
