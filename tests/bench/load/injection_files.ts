// What SIPp injects into the scenarios: `user;[authentication …];callee`, one line a call, used in turn.

import { join } from "node:path";
import { SECRET, subscribers } from "./subscribers.ts";

/** Subscribers that only register, over and over. */
const REGISTERING = 1000;
/** Callers of one pair of SIPp processes; as many callees. */
const CALLERS_PER_PAIR = 250;

/** How many subscribers a system under test must know for `pairs` pairs. */
export function subscribersNeeded(pairs: number): number {
  return REGISTERING + pairs * CALLERS_PER_PAIR * 2;
}

/** The callees of pair number `pair` (0-based). */
export function calleesOf(pair: number): string[] {
  return subscribers(CALLERS_PER_PAIR, REGISTERING + (2 * pair + 1) * CALLERS_PER_PAIR);
}

/** Writes the file for registrations and returns its path. */
export function writeRegistrationInjection(directory: string): string {
  return write(join(directory, "register.inf"), subscribers(REGISTERING).map(credentials));
}

/** Writes the file for the calls of one pair and returns its path. */
export function writeCallInjection(directory: string, pair: number): string {
  const callers = subscribers(CALLERS_PER_PAIR, REGISTERING + 2 * pair * CALLERS_PER_PAIR);
  const callees = calleesOf(pair);
  const lines = callers.map((caller, index) => `${credentials(caller)};${callees[index]}`);
  return write(join(directory, `call_${pair}.inf`), lines);
}

function credentials(user: string): string {
  return `${user};[authentication username=${user} password=${SECRET}]`;
}

function write(path: string, lines: string[]): string {
  Deno.writeTextFileSync(path, ["SEQUENTIAL", ...lines, ""].join("\n"));
  return path;
}
