/** The command line of the soak. */
import { parseArgs } from "node:util";
import { FAULT_NAMES, type FaultName } from "./faults/fault.ts";
import { type Profile, PROFILES } from "./soak_part.ts";

export const USAGE = `deno task soak [hours] [options]

  hours            how long, half an hour by default; 0.05 are three minutes
  --binary PATH    run this compiled routr instead of the source
  --rate N         calls, registrations, messages … a second, in all (20)
  --phones N       simulated phones of each server (48)
  --profile NAME   ${
  PROFILES.join(" or ")
}: where resources and registrations are; both side by side by default
  --faults A,B     inject these alone (${FAULT_NAMES.join(", ")}); "none" for none
  --seed N         repeats the order of what is done; printed when it is left out
  --json FILE      write the report to FILE as well`;

export interface SoakOptions {
  readonly durationMs: number;
  readonly binary?: string;
  readonly rate: number;
  readonly phones: number;
  readonly profiles: readonly Profile[];
  readonly faults: readonly FaultName[];
  readonly seed: number;
  readonly json?: string;
}

const HOUR_MS = 3_600_000;
const DEFAULT_HOURS = "0.5";

/** Throws a TypeError for options and names that do not exist. */
export function parseSoakOptions(args: string[]): SoakOptions {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      binary: { type: "string" },
      rate: { type: "string", default: "20" },
      phones: { type: "string", default: "48" },
      profile: { type: "string" },
      faults: { type: "string", default: FAULT_NAMES.join(",") },
      seed: { type: "string", default: String(crypto.getRandomValues(new Uint16Array(1))[0]) },
      json: { type: "string" },
    },
  });
  const [hours = DEFAULT_HOURS, ...more] = positionals;
  if (more.length > 0) throw new TypeError(`Cannot soak "${more.join(" ")}": expected hours alone`);
  const faults = values.faults === "none" ? [] : values.faults.split(",");
  return {
    durationMs: positive("hours", hours) * HOUR_MS,
    binary: values.binary,
    rate: positive("--rate", values.rate),
    phones: Math.max(2, Math.round(positive("--phones", values.phones))),
    profiles: values.profile === undefined ? PROFILES : [oneOf(PROFILES, "--profile", values.profile)],
    faults: faults.map((name) => oneOf(FAULT_NAMES, "--faults", name)),
    seed: Math.round(positive("--seed", values.seed)),
    json: values.json,
  };
}

function positive(name: string, value: string): number {
  const number = Number(value);
  if (!(number > 0) || !Number.isFinite(number)) {
    throw new TypeError(`Cannot use ${name} "${value}": expected a number above 0`);
  }
  return number;
}

function oneOf<Name extends string>(names: readonly Name[], option: string, value: string): Name {
  const found = names.find((name) => name === value);
  if (found === undefined) {
    throw new TypeError(`Cannot use ${option} "${value}": expected ${names.join(", ")}`);
  }
  return found;
}
