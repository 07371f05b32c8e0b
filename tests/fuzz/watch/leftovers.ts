/** What is left of everything hours later: nothing may be. */
import type { MemoryGround } from "../ground/memory_ground.ts";
import type { Finding } from "./finding.ts";

/** Longer than registrations, subscriptions and calls that nobody ends may last. */
const HOURS = 26;
/** A registration with a gateway may be under way at any time. */
const OF_GATEWAYS = 8;

const MAXIMUM: Readonly<Record<string, number>> = {
  routr_server_transactions: 0,
  routr_client_transactions: OF_GATEWAYS,
  routr_pending_bytes: OF_GATEWAYS * 1_000,
  routr_addresses_of_record: 0,
  routr_calls_active: 0,
  routr_dialogs: 0,
};

export async function leftovers(ground: MemoryGround): Promise<Finding | undefined> {
  for (let hour = 0; hour < HOURS; hour++) await ground.pass(3_600);
  const { metrics } = ground;
  const left = Object.entries(MAXIMUM)
    .filter(([name, most]) => (metrics[name] ?? 0) > most)
    .map(([name]) => `${name} ${metrics[name]}`);
  if (left.length > 0) return { kind: "something left", what: `${HOURS} hours later: ${left.join(", ")}` };
  return ground.takeFinding();
}
