/** The own names of a server as a row of the database of registrations. */
import type { RegistrationDatabase } from "../../location/registration_database.ts";
import type { StoredRow } from "../../location/stored_row.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { OwnNames } from "./own_names.ts";

const KEY = "own names";
/** Milliseconds after which a name that no phone has used is forgotten. */
const LIFETIME_MS = 30 * 24 * 3_600_000;

/** Takes over the names in these rows, and keeps those that come. */
export function keepNames(
  names: OwnNames,
  rows: readonly StoredRow[],
  { database, clock }: { database: Pick<RegistrationDatabase, "write">; clock: Clock },
): void {
  const row = rows.find(({ key }) => key === KEY);
  if (row) names.take(row.text.split(" "));
  names.onChange((all) => {
    database.write([{ key: KEY, text: all.join(" "), expiresAt: clock.wallTime() + LIFETIME_MS }]);
  });
}
