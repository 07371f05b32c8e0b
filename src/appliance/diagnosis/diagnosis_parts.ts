/** What answers to "why can my phone not register?" are made of. */
import type { PastRefusal, RefusalHistory } from "../../core/access/refusal_history.ts";
import type { StrangerAccess } from "../../core/access/stranger_access.ts";
import type { BoundFlow } from "../../core/flows/bound_flow.ts";
import type { Agent } from "../../data/agent.ts";
import type { Directory } from "../../data/directory.ts";
import type { DigestAlgorithm } from "../../data/ha1.ts";
import type { Peer } from "../../data/peer.ts";
import type { Binding } from "../../location/binding.ts";
import type { LocationService } from "../../location/location_service.ts";
import type { ShownRefusal, ShownRegistration } from "../../rest/operations/why.ts";
import type { Clock } from "../../runtime/clock.ts";

export interface DiagnosisParts {
  readonly clock: Clock;
  readonly directory: Directory;
  readonly location: LocationService<BoundFlow>;
  readonly access: StrangerAccess;
  readonly refusals: RefusalHistory;
  /** Algorithms that challenges offer. */
  readonly algorithms: readonly DigestAlgorithm[];
  /** Reports whether the access control list of the server denies an address. */
  isDenied(address: string): boolean;
  /** Returns how many devices an account may register. */
  maxContactsOf(account: Agent | Peer): number;
}

export function shownRefusal({ time, ...refusal }: PastRefusal): ShownRefusal {
  return { time: new Date(time).toISOString(), ...refusal };
}

export function shownRegistration(
  addressOfRecord: string,
  { contact, expiresAt, flow }: Binding<BoundFlow>,
  clock: Clock,
): ShownRegistration {
  return {
    addressOfRecord,
    contact,
    address: flow.remoteAddress,
    port: flow.remotePort,
    transport: flow.protocol,
    expires: Math.max(0, Math.ceil((expiresAt - clock.now()) / 1000)),
  };
}

/** Returns a refusal as a part of a sentence. */
export function toldRefusal(
  { method, transport, address, port, status, cause, time }: PastRefusal,
  clock: Clock,
): string {
  const what = method === "" ? "a message" : method;
  const answer = status === 0 ? "no answer" : status;
  return `${what} from ${transport} ${address}:${port} ${ago(clock.wallTime() - time)}: ${answer} (${cause})`;
}

export function ago(durationMs: number): string {
  return `${inWords(durationMs)} ago`;
}

/** Returns a duration for people: 40 s, 12 min, 5 h, 2 days. */
export function inWords(durationMs: number): string {
  const seconds = Math.max(0, Math.round(durationMs / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}
