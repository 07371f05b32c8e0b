/** Floods of strangers by UDP: what a dropped datagram costs, and how a user who is registered is answered meanwhile. */
import { compileFlood, flood, type FloodName, FLOODS, GoodUser } from "../../support/flood.ts";
import { SECRET, subscribers } from "../load/subscribers.ts";
import { cpuMicroseconds, residentBytes } from "../process/process_meter.ts";
import type { BenchedSystem } from "../systems/benched_system.ts";
import type { SystemName } from "../systems/start_system.ts";
import { type BenchContext, FEW_USERS } from "./bench_context.ts";
import { median } from "./median.ts";

export interface Floods {
  readonly system: SystemName;
  readonly cases: readonly FloodCase[];
  readonly residentBefore: number;
  readonly residentAfter: number;
}

export interface FloodCase {
  readonly name: string;
  /** Datagrams that the server has read, of those that were sent. */
  readonly read: number;
  readonly sent: number;
  readonly microsecondsPerDatagram: number;
  /** Milliseconds until a REGISTER and an INVITE of the user were answered, the median and the longest; Infinity without. */
  readonly register: Latency;
  readonly invite: Latency;
}

interface Latency {
  readonly median: number;
  readonly highest: number;
}

const SOURCES = [1, 50_000];
const RATE = 40_000;
/** Between two requests of the user, in milliseconds. */
const PAUSE = 20;

/** Of routr only, with its default limits. */
export async function measureFloods(context: BenchContext): Promise<Floods[]> {
  if (!context.options.systems.includes("routr")) return [];
  const program = await compileFlood(context.directory);
  const system = await context.start("routr", FEW_USERS);
  using user = new GoodUser(system.port);
  const [username] = subscribers(1);
  await user.register(username, SECRET);
  const residentBefore = residentBytes(system.process.pid);
  const cases: FloodCase[] = [];
  for (const name of Object.keys(FLOODS) as FloodName[]) {
    for (const sources of SOURCES) {
      const measured = await floodOnce(context, { program, system, user, name, sources });
      context.progress(`floods: ${shown(measured)}`);
      cases.push(measured);
    }
  }
  const residentAfter = residentBytes(system.process.pid);
  await system.process.end();
  return [{ system: "routr", cases, residentBefore, residentAfter }];
}

interface FloodParts {
  readonly program: string;
  readonly system: BenchedSystem;
  readonly user: GoodUser;
  readonly name: FloodName;
  readonly sources: number;
}

async function floodOnce(
  { options: { seconds } }: BenchContext,
  { program, system: { port, process }, user, name, sources }: FloodParts,
): Promise<FloodCase> {
  const [username] = subscribers(1);
  const latencies = { REGISTER: [] as number[], INVITE: [] as number[] };
  const cpuBefore = cpuMicroseconds(process.pid);
  const lostBefore = lostDatagrams(port);
  let isOver = false;
  const sending = flood(program, { port, message: FLOODS[name], sources, rate: RATE, seconds })
    .finally(() => isOver = true);
  while (!isOver) {
    for (const method of ["REGISTER", "INVITE"] as const) {
      latencies[method].push(await user.latency(method, username));
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }
  const sent = await sending;
  const read = sent - (lostDatagrams(port) - lostBefore);
  return {
    name: `${name} from ${sources}`,
    sent,
    read,
    microsecondsPerDatagram: (cpuMicroseconds(process.pid) - cpuBefore) / read,
    register: latencyOf(latencies.REGISTER),
    invite: latencyOf(latencies.INVITE),
  };
}

function latencyOf(times: readonly number[]): Latency {
  return { median: median(times), highest: Math.max(...times) };
}

function shown({ name, sent, read, microsecondsPerDatagram, register, invite }: FloodCase): string {
  const times = [register, invite].map((time) => `${time.median.toFixed(1)} (${time.highest.toFixed(0)})`);
  return `${name}: ${read} of ${sent} read, ${microsecondsPerDatagram.toFixed(2)} µs each; ` +
    `REGISTER ${times[0]} ms, INVITE ${times[1]} ms`;
}

/** Datagrams that the socket of a port had no room for (proc(5), /proc/net/udp). */
function lostDatagrams(port: number): number {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const lines = Deno.readTextFileSync("/proc/net/udp").trim().split("\n");
  return lines.map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(wanted))
    .reduce((sum, fields) => sum + Number(fields.at(-1)), 0);
}
