import type { Configuration } from "./configuration.ts";

/** The ports at `externAddr` that lead to ones of ours: one given there to the first listener, and those that share its port. */
export function externPorts(
  { externAddr, transport: [{ port }] }: Configuration,
): ReadonlyMap<number, number> {
  return new Map(externAddr?.port === undefined ? [] : [[port, externAddr.port]]);
}
