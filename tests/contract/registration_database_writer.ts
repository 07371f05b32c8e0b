/** A process to be killed: writes numbered rows for ever, and prints the last stored number. */
import { RegistrationDatabase } from "../../src/location/registration_database.ts";

/** Numbers with this distance have the same key. */
export const KEYS = 500;

export function keyOf(number: number): string {
  return `sip:${number % KEYS}@sip.local`;
}

if (import.meta.main) {
  const [path, first] = Deno.args;
  const database = await RegistrationDatabase.open(path);
  console.log("open");
  for (let number = Number(first);;) {
    // Waiting batches are written together.
    for (const count of [7, 1, 30]) {
      const expiresAt = Date.now() + 3_600_000;
      database.write(
        Array.from(
          { length: count },
          (_, i) => ({ key: keyOf(number + i), text: `${number + i}`.padEnd(400), expiresAt }),
        ),
      );
      number += count;
    }
    await database.flush();
    console.log(`stored ${number - 1}`);
  }
}
