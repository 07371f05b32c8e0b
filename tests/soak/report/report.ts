/** The report of a soak: what was wanted, what came, as text. */
import { percentile } from "../../bench/measurements/median.ts";
import type { FailureCount } from "./ledger.ts";
import type { LineCount } from "./log_tally.ts";
import { grows, type MemorySlope } from "./memory_slope.ts";
import { excessOf, type Leftovers } from "./watch.ts";

export interface PartReport {
  readonly profile: string;
  readonly minutes: number;
  /** How often each kind was tried. */
  readonly tried: Readonly<Record<string, number>>;
  readonly failures: readonly FailureCount[];
  readonly answerTimes: readonly number[];
  /** How often each fault was injected. */
  readonly faults: Readonly<Record<string, number>>;
  readonly resident: MemorySlope;
  readonly heap: MemorySlope;
  /** Dialogs that a killed server may know after its restart although they are over. */
  readonly revivedDialogs: number;
  /** Calls whose BYE was answered 430. */
  readonly unendedCalls: number;
  readonly idle: Leftovers;
  readonly left: Leftovers;
  readonly internalErrors: number;
  readonly lines: readonly LineCount[];
  /** What else went wrong: crashes, phones that did not come back. */
  readonly complaints: readonly string[];
}

/** Megabytes an hour. A shorter time than this says nothing. */
const MAX_RESIDENT_SLOPE = 8;
const MAX_HEAP_SLOPE = 1;
const MIN_SLOPE_HOURS = 0.25;

/** What should be 0 and is not, or grows. */
export function faultsFound(report: PartReport): string[] {
  const unexcused = report.failures.filter(({ fault }) => fault === undefined);
  const errors = report.lines.filter(({ kind, isExpected }) =>
    !isExpected && /^(error|fatal|output)/.test(kind)
  );
  return [
    ...unexcused.map(({ kind, reason, count, firstAtMs }) =>
      `${count} × ${kind} failed: ${reason}, first after ${(firstAtMs / 1000).toFixed(0)} s`
    ),
    ...excessOf(report.left, report.idle, report.revivedDialogs + report.unendedCalls).map((each) =>
      `left after the load: ${each}`
    ),
    ...report.internalErrors > 0 ? [`${report.internalErrors} internal errors`] : [],
    ...errors.map(({ kind, count }) => `${count} × log line "${kind}"`),
    ...isJudged(report.heap) && grows(report.heap, MAX_HEAP_SLOPE)
      ? [`the heap grows: ${slope(report.heap)}`]
      : [],
    ...isJudged(report.resident) && grows(report.resident, MAX_RESIDENT_SLOPE)
      ? [`resident memory grows: ${slope(report.resident)}`]
      : [],
    ...report.complaints,
  ];
}

export function reportText(report: PartReport): string {
  const { answerTimes, failures, tried } = report;
  const excused = failures.filter(({ fault }) => fault !== undefined);
  const unexcused = failures.filter(({ fault }) => fault === undefined);
  const rows: [string, string][] = [
    ["tried", `${sum(Object.values(tried))}: ${counts(tried)}`],
    ["failed within faults", `${sum(excused.map(({ count }) => count))}${reasons(excused)}`],
    ["failed outside (0 wanted)", `${sum(unexcused.map(({ count }) => count))}${reasons(unexcused)}`],
    ["faults injected", counts(report.faults) || "none"],
    [
      "first answers, ms",
      `median ${percentile(answerTimes, 50).toFixed(1)}, 99 % ${percentile(answerTimes, 99).toFixed(1)}, ` +
      `longest ${percentile(answerTimes, 100).toFixed(1)}`,
    ],
    ["resident memory", slope(report.resident)],
    ["heap after collection", slope(report.heap)],
    [
      "left after 40 s (idle before)",
      Object.entries(report.left)
        .map(([name, count]) => `${name} ${count} (${report.idle[name]})`).join(", "),
    ],
    [
      "  of these calls and dialogs",
      `${report.unendedCalls} whose BYE was answered 430, ` +
      `up to ${report.revivedDialogs} that were over within the second before a kill`,
    ],
    ["internal errors (0 wanted)", String(report.internalErrors)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    `── ${report.profile}, ${report.minutes.toFixed(1)} minutes ──`,
    ...rows.map(([name, text]) => `${name.padEnd(width)}  ${text}`),
    "log lines",
    ...report.lines.map(lineText),
    ...verdict(faultsFound(report)),
  ].join("\n");
}

function verdict(found: readonly string[]): string[] {
  return found.length === 0 ? ["as wanted"] : ["NOT AS WANTED", ...found.map((each) => `  ${each}`)];
}

function lineText({ kind, count, isExpected, example }: LineCount): string {
  const text = `${String(count).padStart(9)}  ${kind}`;
  return isExpected ? text : `${text}  ← unexpected\n           ${example}`;
}

function reasons(failures: readonly FailureCount[]): string {
  if (failures.length === 0) return "";
  return failures.map(({ kind, reason, fault, count }) =>
    `\n      ${count} × ${kind}: ${reason}${fault === undefined ? "" : ` (${fault})`}`
  ).join("");
}

function slope(memory: MemorySlope): string {
  const { perHour, error, hours } = memory;
  if (!isJudged(memory)) return `${(hours * 60).toFixed(0)} minutes after warm-up: too few to tell`;
  return `${perHour.toFixed(2)} ± ${error.toFixed(2)} MB/h over ${(hours * 60).toFixed(0)} minutes`;
}

function isJudged({ hours }: MemorySlope): boolean {
  return hours >= MIN_SLOPE_HOURS;
}

function counts(numbers: Readonly<Record<string, number>>): string {
  return Object.entries(numbers).map(([name, count]) => `${name} ${count}`).join(", ");
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
