/** Numbers of calls by gateways: out of each agent and peer, and by each gateway. */
import type { CallCounts } from "../access/call_limits.ts";
import type { Call } from "./call.ts";

export class CallTally implements CallCounts {
  readonly #agents = new Map<string, number>();
  readonly #peers = new Map<string, number>();
  readonly #gateways = new Map<string, number>();

  out(kind: "Agent" | "Peer", ref: string): number {
    return (kind === "Agent" ? this.#agents : this.#peers).get(ref) ?? 0;
  }

  channels(gatewayRef: string): number {
    return this.#gateways.get(gatewayRef) ?? 0;
  }

  add(call: Call): void {
    this.#change(call, 1);
  }

  remove(call: Call): void {
    this.#change(call, -1);
  }

  #change({ direction, account, gatewayRef }: Call, by: 1 | -1): void {
    if (gatewayRef === undefined) return;
    change(this.#gateways, gatewayRef, by);
    if (direction !== "outbound" || account === undefined || account.kind === "gateway") return;
    change(account.kind === "agent" ? this.#agents : this.#peers, account.ref, by);
  }
}

function change(counts: Map<string, number>, ref: string, by: 1 | -1): void {
  const count = (counts.get(ref) ?? 0) + by;
  if (count > 0) counts.set(ref, count);
  else counts.delete(ref);
}
