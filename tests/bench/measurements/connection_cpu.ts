/** CPU time per registration and per call when every phone has a connection of its own, made before. */
import {
  connectPhones,
  disconnect,
  offerPhoneCalls,
  offerPhoneRegistrations,
  type Pace,
} from "../load/phone_load.ts";
import type { ConnectedPhone } from "../load/connected_phone.ts";
import type { LoadResult } from "../load/load_result.ts";
import type { ConnectionProtocol } from "../load/phone_connection.ts";
import { subscribers } from "../load/subscribers.ts";
import type { BenchedSystem } from "../systems/benched_system.ts";
import type { SystemName } from "../systems/start_system.ts";
import type { BenchContext } from "./bench_context.ts";
import { type CpuFigure, type CpuSample, figure, sampleCpu } from "./cpu_sample.ts";

export interface ConnectionCpu {
  readonly system: SystemName;
  readonly registration?: CpuFigure;
  readonly call?: CpuFigure;
}

/** What the phones do; the figures of a protocol are those its target speaks of. */
export type PhoneActivity = "registration" | "call";

const OFFERS: Record<PhoneActivity, (phones: readonly ConnectedPhone[], pace: Pace) => Promise<LoadResult>> =
  {
    registration: offerPhoneRegistrations,
    call: offerPhoneCalls,
  };
const PHONES = 500;
const WARM_UP_SECONDS = 3;

interface Subject {
  readonly system: BenchedSystem;
  readonly phones: readonly ConnectedPhone[];
  readonly samples: Record<PhoneActivity, CpuSample[]>;
}

/** The systems in turn, round after round; figures of the activities that were asked for. */
export async function measureConnectionCpu(
  context: BenchContext,
  protocol: ConnectionProtocol,
  activities: readonly PhoneActivity[],
): Promise<ConnectionCpu[]> {
  const { rate, rounds, seconds } = context.options;
  const names = context.connectedServers;
  const subjects: Subject[] = [];
  for (const name of names) {
    const system = await context.start(name, PHONES, { protocol });
    context.progress(`${protocol}: warming up ${name}`);
    const phones = await connectPhones(subscribers(PHONES), { protocol, port: system.connectionPort! });
    const pace = { rate: Math.ceil(rate / 2), seconds: WARM_UP_SECONDS };
    for (const activity of activities) await OFFERS[activity](phones, pace);
    subjects.push({ system, phones, samples: { registration: [], call: [] } });
  }
  for (let round = 1; round <= rounds; round++) {
    for (const { system, phones, samples } of subjects) {
      context.progress(`${protocol}, round ${round} of ${rounds}: ${system.name}`);
      for (const activity of activities) {
        const offer = () => OFFERS[activity](phones, { rate, seconds });
        samples[activity].push(await sampleCpu(system, offer));
      }
    }
  }
  for (const { system, phones } of subjects) {
    disconnect(phones);
    await system.process.end();
  }
  return subjects.map(({ samples: { registration, call } }, index) => ({
    system: names[index],
    registration: registration.length > 0 ? figure(registration) : undefined,
    call: call.length > 0 ? figure(call) : undefined,
  }));
}
