// What SIPp injects into the scenarios: `user;[authentication …];callee;domain`, one line a call, used in turn.

import { join } from "node:path";
import { DOMAIN, SECRET, subscribers } from "./subscribers.ts";

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

/** Writes the file for registrations of the first `users` subscribers and returns its path. */
export function writeRegistrationInjection(directory: string, users = REGISTERING): string {
  return write(join(directory, `register_${users}.inf`), subscribers(users).map(credentials));
}

/** Writes the file for the calls of one pair and returns its path. */
export function writeCallInjection(directory: string, pair: number): string {
  const callers = subscribers(CALLERS_PER_PAIR, REGISTERING + 2 * pair * CALLERS_PER_PAIR);
  const callees = calleesOf(pair);
  const calls = callers.map((caller, index) => ({ caller, callee: callees[index], host: DOMAIN }));
  return writeInjection(join(directory, `call_${pair}.inf`), calls);
}

/** A call to be made: user parts, and the host of the callee. */
export interface InjectedCall {
  readonly caller: string;
  readonly callee: string;
  readonly host: string;
}

/** Writes the file for these calls and returns its path. */
export function writeInjection(path: string, calls: readonly InjectedCall[]): string {
  return write(path, calls.map(({ caller, callee, host }) => `${credentials(caller)};${callee};${host}`));
}

function credentials(user: string): string {
  return `${user};[authentication username=${user} password=${SECRET}]`;
}

function write(path: string, lines: string[]): string {
  Deno.writeTextFileSync(path, ["SEQUENTIAL", ...lines, ""].join("\n"));
  return path;
}
