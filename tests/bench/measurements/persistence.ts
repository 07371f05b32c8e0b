/**
 * What it costs to keep registrations beyond the end of the process, and how soon they are kept and taken up again. A
 * server that keeps them and one that does not have their load at the same time and on the same CPU, so that what
 * disturbs one disturbs both.
 */
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { chooseLoadPorts, type LoadPorts } from "../load/load_ports.ts";
import { registerBindings } from "../load/register_bindings.ts";
import { offerRegistrations } from "../load/sipp_load.ts";
import { subscribers } from "../load/subscribers.ts";
import { keepOnFirstCpu } from "../process/cpu_affinity.ts";
import { OtherLoad } from "../process/other_load.ts";
import { CONTACTS_PER_USER, startReadyRoutr, writeSubscribersConfiguration } from "../systems/routr.ts";
import type { BenchedSystem } from "../systems/benched_system.ts";
import type { SystemName } from "../systems/start_system.ts";
import type { BenchContext } from "./bench_context.ts";
import { contacts } from "./bindings_memory.ts";
import { type CpuFigure, type CpuSample, figure, sampleCpu } from "./cpu_sample.ts";
import { median } from "./median.ts";

export interface Persistence {
  readonly system: SystemName;
  /** Per registration. */
  readonly kept: CpuFigure;
  readonly notKept: CpuFigure;
  /** What keeping took of the time without it: median of the rounds. */
  readonly ratio: number;
  readonly bindings: KeptBindings;
  /** CPUs that others used meanwhile. */
  readonly otherCpus: number;
}

export interface KeptBindings {
  readonly bindings: number;
  readonly registrationsPerSecond: number;
  /** From the last answer until the last write to the database. */
  readonly storedAfter: number;
  /** Milliseconds until it is ready: before there were bindings, and with them, stopped by SIGKILL and by SIGTERM. */
  readonly startWithout: number;
  readonly startAfterKill: number;
  readonly startAfterStop: number;
}

interface Subject {
  readonly system: BenchedSystem;
  /** Of SIPp's files. */
  readonly directory: string;
  readonly ports: LoadPorts;
  readonly samples: CpuSample[];
}

const USERS = 10_000;
/** How much longer loads are than elsewhere: every user registers once and more. */
const LONGER = 5;
/** Milliseconds until what a load changed is written: it gathers half a second. */
const WRITTEN_BY = 1500;
/** Milliseconds without a write after which everything counts as written. */
const STILL = 2000;

/** Of routr only. */
export async function measurePersistence(context: BenchContext): Promise<Persistence[]> {
  if (!context.options.systems.includes("routr")) return [];
  const others = new OtherLoad();
  const bindings = await measureBindings(context);
  const directory = await Deno.makeTempDir({ dir: context.directory, prefix: "persistence_" });
  using _lock = await refuseDatabase(directory);
  const subjects = [await startWarm(context), await startWarm(context, directory)];
  const [kept, notKept] = subjects.map(({ samples }) => samples);
  const { rounds } = context.options;
  for (let round = 1; round <= rounds; round++) {
    context.progress(`persistence, round ${round} of ${rounds}`);
    await Promise.all(subjects.map(async (subject) => {
      subject.samples.push(await sampleCpu(subject.system, () => register(context, subject), WRITTEN_BY));
    }));
  }
  await Promise.all(subjects.map(({ system }) => system.process.end()));
  const ratio = median(kept.map(({ microseconds }, round) => microseconds / notKept[round].microseconds));
  return [{
    system: "routr",
    kept: figure(kept),
    notKept: figure(notKept),
    ratio,
    bindings,
    otherCpus: others.cpus,
  }];
}

/** Makes a server that keeps its state in this folder believe that another one keeps registrations there. */
async function refuseDatabase(directory: string): Promise<Deno.FsFile> {
  const file = await Deno.open(join(directory, "registrations.log"), { write: true, create: true });
  await file.lock(true);
  return file;
}

/** @param stateDirectory one without a database; one of its own if omitted */
async function startWarm(context: BenchContext, stateDirectory?: string): Promise<Subject> {
  const { directory: parent, options: { binary } } = context;
  const directory = await Deno.makeTempDir({ dir: parent, prefix: "persistence_" });
  const configured = await writeSubscribersConfiguration({ directory, users: USERS });
  const env = stateDirectory === undefined ? undefined : { STATE_DIR: stateDirectory };
  const system = await startReadyRoutr({ directory, ...configured, binary, env });
  const isKept = !system.process.output.includes("Registrations are lost at the next restart");
  if (isKept !== (stateDirectory === undefined)) {
    throw new Error(`Cannot measure persistence: ${system.process.output}`);
  }
  context.progress(`persistence: warming up, ${isKept ? "with" : "without"} a database`);
  await keepOnFirstCpu(system.process.pid);
  const subject = { system, directory, ports: chooseLoadPorts(0), samples: [] };
  await register(context, subject);
  return subject;
}

function register({ options: { rate, seconds } }: BenchContext, { system, directory, ports }: Subject) {
  const pace = { rate: Math.ceil(rate / 2), seconds: LONGER * seconds };
  return offerRegistrations({ system, ...pace, ports, directory, users: USERS });
}

async function measureBindings(context: BenchContext): Promise<KeptBindings> {
  const { directory: parent, options: { bindings: count, binary } } = context;
  const users = subscribers(Math.ceil(count / CONTACTS_PER_USER));
  const bindings = contacts(users);
  const directory = await Deno.makeTempDir({ dir: parent, prefix: "persistence_" });
  const ports = await writeSubscribersConfiguration({ directory, users: users.length });
  const start = () => startReadyRoutr({ directory, ...ports, binary });
  const first = await start();
  context.progress(`persistence: registering ${bindings.length}`);
  const beganAt = performance.now();
  await registerBindings({ port: ports.port, bindings });
  const registrationsPerSecond = bindings.length / (performance.now() - beganAt) * 1000;
  const answeredAt = Date.now();
  const storedAfter = Math.max(0, await lastWrite(join(directory, "state")) - answeredAt) / 1000;
  first.process.signal("SIGKILL");
  await first.process.ended;
  context.progress("persistence: starting again, twice");
  const afterKill = await start();
  expectAll(afterKill, bindings.length);
  await afterKill.process.end(20_000);
  const afterStop = await start();
  expectAll(afterStop, bindings.length);
  await afterStop.process.end();
  return {
    bindings: bindings.length,
    registrationsPerSecond,
    storedAfter,
    startWithout: first.readyAfter,
    startAfterKill: afterKill.readyAfter,
    startAfterStop: afterStop.readyAfter,
  };
}

/** Milliseconds since the epoch at which a file of the folder was written last, once there was no write for a while. */
async function lastWrite(folder: string): Promise<number> {
  for (;;) {
    const times = [...Deno.readDirSync(folder)].map(({ name }) =>
      Deno.statSync(join(folder, name)).mtime!.getTime()
    );
    const last = Math.max(...times);
    if (Date.now() - last > STILL) return last;
    await delay(100);
  }
}

function expectAll({ process }: BenchedSystem, count: number): void {
  if (process.output.includes(`${count} bindings restored`)) return;
  throw new Error(`Cannot use "routr": not all of ${count} bindings were kept\n${process.output}`);
}
