/** Gateways without a listener of their transport. */
import type { Gateway } from "../data/gateway.ts";
import type { Configuration } from "./configuration.ts";

/** Returns a warning for each: calls and registrations use the listeners only. */
export function unservedGateways({ transport }: Configuration, gateways: Iterable<Gateway>): string[] {
  const served = new Set<string>(transport.map(({ protocol }) => protocol));
  return [...gateways].filter((gateway) => !served.has(gateway.transport)).map((gateway) =>
    `Gateway "${gateway.ref}" is over ${gateway.transport}, for which spec.transport has no listener`
  );
}
