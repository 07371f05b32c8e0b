// The command line of the fuzzer.

import { parseArgs } from "node:util";

/** Where the server is: its own process on sockets, or this process without any. */
export const GROUNDS = ["sockets", "memory"] as const;
export type GroundName = typeof GROUNDS[number];

const DEFAULT_MINUTES = 10;

export const USAGE = `deno task fuzz [minutes] [options]

  minutes          how long (${DEFAULT_MINUTES}); grounds and seeds share the time
  --on LIST        where: ${GROUNDS.join(", ")}, or both (both)
  --seed LIST      numbers, or "fresh" for one that is new and printed (fresh)
  --from N         the first story, as a finding says it (0)
  --binary PATH    run this compiled routr instead of the source, on sockets
  --lanes N        domains with users that are played at a time, on sockets (64)`;

export interface FuzzOptions {
  readonly minutes: number;
  readonly grounds: readonly GroundName[];
  readonly seeds: readonly number[];
  readonly from: number;
  readonly binary?: string;
  readonly lanes: number;
}

/** Throws a TypeError for options and values that do not exist. */
export function parseFuzzOptions(args: string[]): FuzzOptions {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      on: { type: "string", default: GROUNDS.join(",") },
      seed: { type: "string", default: "fresh" },
      from: { type: "string", default: "0" },
      binary: { type: "string" },
      lanes: { type: "string", default: "64" },
    },
  });
  const [minutes = String(DEFAULT_MINUTES), ...more] = positionals;
  if (more.length > 0) throw new TypeError(`Cannot use "${more.join(" ")}": expected minutes only`);
  if (!(Number(minutes) > 0)) throw new TypeError(`Cannot fuzz for "${minutes}" minutes`);
  return {
    minutes: Number(minutes),
    grounds: values.on.split(",").map(groundOf),
    seeds: values.seed.split(",").map((seed) => seed === "fresh" ? freshSeed() : wholeNumber("seed", seed)),
    from: wholeNumber("from", values.from),
    binary: values.binary,
    lanes: Math.max(1, wholeNumber("lanes", values.lanes)),
  };
}

function groundOf(name: string): GroundName {
  const ground = GROUNDS.find((each) => each === name);
  if (!ground) throw new TypeError(`Cannot fuzz on "${name}": not one of ${GROUNDS.join(", ")}`);
  return ground;
}

function freshSeed(): number {
  return crypto.getRandomValues(new Uint16Array(1))[0] + 1_000;
}

function wholeNumber(name: string, value: string): number {
  if (!/^\d+$/.test(value)) throw new TypeError(`Cannot use --${name} "${value}": expected a whole number`);
  return Number(value);
}
