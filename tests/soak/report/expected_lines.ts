/** Kinds of log lines that a soak expects beside the quiet ones. */
import type { ExpectedLines } from "./log_tally.ts";

export const EXPECTED_LINES: readonly ExpectedLines[] = [
  {
    pattern: /^output: .*(Permissions in the config file|ebugger|chrome:)/,
    why: "the runtime says so at its start",
  },
  { pattern: /^warn server: "\{warning\}"$/, why: "secrets in a temporary folder are readable" },
  { pattern: /^error location: Cannot store registrations in /, why: "the disk is full" },
  { pattern: /^warn cluster: Calls are not stored in Redis/, why: "Redis is away" },
  { pattern: /^warn redis: Lost Redis at /, why: "Redis is away" },
  { pattern: /^warn trunk: Gateway "\{ref\}" has not registered us /, why: "the gateway is away" },
  {
    pattern: /^warn cluster: Cannot read the dialogs in Redis: "\{reason\}"/,
    why: "Redis is slow on a busy machine",
  },
];
