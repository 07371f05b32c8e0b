// What routr is held to, and whether this run met it.

import { DENSITY } from "../measurements/cpu.ts";
import { cpuRatio } from "../measurements/cpu_sample.ts";
import { answerTime } from "./answer_time.ts";
import { ROUTES } from "../load/routed_load.ts";
import type { ConnectionCpu } from "../measurements/connection_cpu.ts";
import type { Gateways } from "../measurements/gateways.ts";
import { kilobytesEach } from "./connection_figures.ts";
import { table } from "./figures_table.ts";
import { PROVIDER_TARGETS } from "./provider_targets.ts";
import { REST_TARGETS } from "./rest_targets.ts";
import { type BenchResults, ofSystem } from "./results.ts";
import type { Target } from "./target.ts";

export interface Verdict {
  readonly target: string;
  readonly value: number;
  readonly met: boolean;
}

/** An eighth of all at a time is no burst. */
const MOST_REGISTRATIONS = 25;

const TARGETS: readonly Target[] = [
  {
    name: "heap bytes per registration",
    atMost: 6000,
    measured: ({ garbage }) => ofSystem(garbage, "routr")?.bytesPerRegistration,
  },
  {
    name: "heap bytes per call",
    atMost: 12_000,
    measured: ({ garbage }) => ofSystem(garbage, "routr")?.bytesPerCall,
  },
  {
    name: "CPU per call, of Kamailio's",
    atMost: 0.50,
    measured: ({ cpu }) => cpuRatio(ofSystem(cpu, "routr")?.call, ofSystem(cpu, "kamailio")?.call),
  },
  {
    name: "CPU per registration, of Kamailio's",
    atMost: 1,
    measured: ({ cpu }) =>
      cpuRatio(ofSystem(cpu, "routr")?.registration, ofSystem(cpu, "kamailio")?.registration),
  },
  {
    name: `CPU per registration at ${DENSITY} times the rate, of Kamailio's`,
    atMost: 0.8,
    measured: ({ cpu }) =>
      cpuRatio(
        ofSystem(cpu, "routr")?.denseRegistration,
        ofSystem(cpu, "kamailio")?.denseRegistration,
      ),
  },
  {
    name: "ms from INVITE to 407 of 99 %, of Kamailio's",
    atMost: 1.5,
    measured: ({ cpu }) =>
      ratio(
        answerTime(ofSystem(cpu, "routr"), "challengeTimes"),
        answerTime(ofSystem(cpu, "kamailio"), "challengeTimes"),
      ),
  },
  {
    name: "highest loss-free call rate, of Kamailio's with its fast allocator",
    atLeast: 1.2,
    measured: ({ peak }) => ratio(ofSystem(peak, "routr")?.rate, ofSystem(peak, "kamailio-fm")?.rate),
  },
  {
    name: "highest loss-free registration rate, of Kamailio's with its fast allocator",
    atLeast: 1.2,
    measured: ({ peak }) =>
      ratio(ofSystem(peak, "routr")?.registrationRate, ofSystem(peak, "kamailio-fm")?.registrationRate),
  },
  {
    name: "live heap bytes per binding",
    atMost: 1024,
    measured: ({ bindings }) => ofSystem(bindings, "routr")?.heapPerBinding,
  },
  {
    name: "resident MB, idle, from source",
    atMost: 90,
    measured: ({ idle, compiled }) =>
      compiled ? undefined : megabytesOf(ofSystem(idle, "routr")?.residentBytes),
  },
  {
    name: "resident MB, idle, compiled",
    atMost: 70,
    measured: ({ idle, compiled }) =>
      compiled ? megabytesOf(ofSystem(idle, "routr")?.residentBytes) : undefined,
  },
  {
    name: "resident MB, with the bindings",
    atMost: 200,
    measured: ({ bindings }) => megabytesOf(ofSystem(bindings, "routr")?.residentAfter),
  },
  { name: "idle CPU %", atMost: 0.5, measured: ({ idle }) => ofSystem(idle, "routr")?.cpuPercent },
  {
    name: "ready after ms, compiled",
    atMost: 400,
    measured: ({ start, compiled }) => compiled ? ofSystem(start, "routr")?.median : undefined,
  },
  {
    name: "ms to load 10,000 agents and 1,000 domains",
    atMost: 1000,
    measured: ({ load }) => ofSystem(load, "routr")?.longer,
  },
  {
    name: "TCP: CPU per registration, of Kamailio's",
    atMost: 0.90,
    measured: ({ tcp }) => connectionRatio(tcp, "registration"),
  },
  {
    name: "TCP: CPU per call, of Kamailio's",
    atMost: 0.90,
    measured: ({ tcp }) => connectionRatio(tcp, "call"),
  },
  {
    name: "TLS: CPU per call, of Kamailio's",
    atMost: 1,
    measured: ({ tls }) => connectionRatio(tls, "call"),
  },
  {
    name: "WebSocket: CPU per registration, of Kamailio's",
    atMost: 1,
    measured: ({ ws }) => connectionRatio(ws, "registration"),
  },
  {
    name: "resident KB per idle TLS connection",
    atMost: 40,
    measured: ({ idleTls }) => kilobytesEach(ofSystem(idleTls, "routr")),
  },
  {
    name: "resident KB per idle WebSocket connection",
    atMost: 25,
    measured: ({ idleWs }) => kilobytesEach(ofSystem(idleWs, "routr")),
  },
  {
    name: "MB grown while phones do not read",
    atMost: 100,
    measured({ stalled }) {
      const { residentBefore, residentHighest } = ofSystem(stalled, "routr") ?? {};
      return ((residentHighest ?? NaN) - (residentBefore ?? NaN)) / 1e6;
    },
  },
  {
    name: "failed calls beside phones that do not read",
    atMost: 0,
    measured: ({ stalled }) => ofSystem(stalled, "routr")?.calls.failed,
  },
  ...ROUTES.map((route): Target => ({
    name: `CPU per ${route} call on a large configuration, of one domain's`,
    atMost: 1.10,
    measured: ({ routing }) => ofSystem(routing, "routr")?.routes[route].ratio,
  })),
  {
    name: "registrations with 200 gateways begun in a second",
    atMost: MOST_REGISTRATIONS,
    measured: ({ gateways }) => ofSystem(gateways, "routr")?.registrations.first.mostInASecond,
  },
  {
    name: "refreshes of 200 gateways begun in a second",
    atMost: MOST_REGISTRATIONS,
    measured: ({ gateways }) => ofSystem(gateways, "routr")?.registrations.refreshes.mostInASecond,
  },
  {
    name: "ms that calls are answered later beside what is dead, median",
    atMost: 1,
    measured: ({ gateways }) => delayBesideDead(gateways, "median"),
  },
  {
    name: "ms that calls are answered later beside what is dead, of 99 %",
    atMost: 5,
    measured: ({ gateways }) => delayBesideDead(gateways, "percentile99"),
  },
  {
    name: "failed calls beside what is dead",
    atMost: 0,
    measured: ({ gateways }) => ofSystem(gateways, "routr")?.neighbours.besideDead.failed,
  },
  ...PROVIDER_TARGETS,
  ...REST_TARGETS,
];

/** A verdict for each target this run measured. */
export function judge(results: BenchResults): Verdict[] {
  return TARGETS.flatMap(({ name, atMost = Infinity, atLeast = -Infinity, measured }) => {
    const value = measured(results);
    if (value === undefined || Number.isNaN(value)) return [];
    return [{
      target: `${name} ${boundOf(atLeast, atMost)}`,
      value,
      met: value >= atLeast && value <= atMost,
    }];
  });
}

function boundOf(atLeast: number, atMost: number): string {
  if (atMost === Infinity) return `≥ ${atLeast}`;
  return atLeast === -Infinity ? `≤ ${atMost}` : `${atLeast} – ${atMost}`;
}

export function verdictsTable(verdicts: readonly Verdict[]): string {
  return table([
    ["target", "measured", ""],
    ...verdicts.map(({ target, value, met }) => [
      target,
      value.toFixed(value < 10 ? 2 : 0),
      met ? "met" : "missed",
    ]),
  ]);
}

/** How the other systems compare, for orientation: nobody is held to these. */
export function comparison({ cpu, peak }: BenchResults): string[] {
  const call = ofSystem(cpu, "routr")?.call;
  const toFast = cpuRatio(call, ofSystem(cpu, "kamailio-fm")?.call);
  const toFloor = cpuRatio(call, ofSystem(cpu, "relay")?.call);
  const rateToKamailio = ratio(ofSystem(peak, "routr")?.rate, ofSystem(peak, "kamailio")?.rate);
  const steady = cpuRatio(
    ofSystem(cpu, "routr")?.steadyRegistration,
    ofSystem(cpu, "kamailio")?.steadyRegistration,
  );
  return [
    `CPU per registration, with both at the same time: ${steady.toFixed(2)} × Kamailio's`,
    `CPU per call: ${toFast.toFixed(2)} × Kamailio's with its fast allocator (-x fm)`,
    `highest loss-free call rate: ${rateToKamailio.toFixed(2)} × Kamailio's`,
    `CPU per call: ${
      toFloor.toFixed(2)
    } × the relay's, which copies 6 datagrams a call where a server reads 8 and sends 8`,
  ].filter((line) => !line.includes("NaN"));
}

function connectionRatio(
  results: readonly ConnectionCpu[] | undefined,
  activity: "registration" | "call",
): number {
  return cpuRatio(ofSystem(results, "routr")?.[activity], ofSystem(results, "kamailio")?.[activity]);
}

function delayBesideDead(
  results: readonly Gateways[] | undefined,
  statistic: "median" | "percentile99",
): number {
  const { alone, besideDead } = ofSystem(results, "routr")?.neighbours ?? {};
  return (besideDead?.[statistic] ?? NaN) - (alone?.[statistic] ?? NaN);
}

function megabytesOf(bytes: number | undefined): number {
  return (bytes ?? NaN) / 1e6;
}

function ratio(ours: number | undefined, theirs: number | undefined): number {
  return (ours ?? NaN) / (theirs ?? NaN);
}
