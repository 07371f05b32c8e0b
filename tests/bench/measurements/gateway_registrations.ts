/** How evenly many gateways are registered with: when the server starts, and again and again from then on. */
import { setTimeout as delay } from "node:timers/promises";
import { GatewayRegistrar } from "../load/gateway_registrar.ts";
import { gatewayHosts, writeTrunkConfiguration } from "../load/trunk_configuration.ts";
import { freePort } from "../process/local_port.ts";
import { startConfiguredRoutr } from "../systems/routr.ts";
import type { BenchContext } from "./bench_context.ts";

export interface GatewayRegistrations {
  readonly gateways: number;
  /** Seconds that registrations were granted. */
  readonly lifetime: number;
  /** The first of each gateway. */
  readonly first: Spread;
  /** All after it. */
  readonly refreshes: Spread;
}

/** How registrations were spread over time; each is two REGISTERs, one that is challenged and one with credentials. */
export interface Spread {
  readonly registrations: number;
  /** From the first to the last. */
  readonly seconds: number;
  /** Begun within any one second. */
  readonly mostInASecond: number;
}

const GATEWAYS = 200;
/** Seconds: short, so that there are many refreshes in a short time. */
const LIFETIME = 30;
/** Refreshes of each gateway that are waited for. */
const REFRESHES = 2;
/** Seconds by which all has to have happened. */
const PATIENCE = 120;

export async function measureGatewayRegistrations(context: BenchContext): Promise<GatewayRegistrations> {
  const { directory: parent, options: { binary } } = context;
  const directory = await Deno.makeTempDir({ dir: parent, prefix: "gateways_" });
  const [port, connectionPort, registrarPort] = [freePort(), freePort(), freePort()];
  const gateways = gatewayHosts(GATEWAYS, registrarPort);
  await writeTrunkConfiguration(directory, { port, connectionPort, gateways, users: 1 });
  const registrar = new GatewayRegistrar({ port: registrarPort, lifetime: LIFETIME });
  context.progress(`gateways: registering with ${GATEWAYS}, ${1 + REFRESHES} times`);
  const { process } = await startConfiguredRoutr({ directory, port, connectionPort, binary });
  await untilRefreshed(registrar);
  const times = [...registrar.begun.values()];
  const first = spreadOf(times.map(([time]) => time));
  const refreshes = spreadOf(times.flatMap(([, ...later]) => later));
  await process.end(); // which ends all registrations at once
  registrar.close();
  return { gateways: GATEWAYS, lifetime: LIFETIME, first, refreshes };
}

async function untilRefreshed({ begun }: GatewayRegistrar): Promise<void> {
  const deadline = performance.now() + PATIENCE * 1000;
  const isDone = () =>
    begun.size === GATEWAYS && [...begun.values()].every(({ length }) => length > REFRESHES);
  while (!isDone()) {
    if (performance.now() > deadline) {
      throw new Error(
        `Cannot measure gateways: only ${begun.size} of ${GATEWAYS} were registered with in time`,
      );
    }
    await delay(100);
  }
}

function spreadOf(times: readonly number[]): Spread {
  const sorted = times.toSorted((a, b) => a - b);
  let mostInASecond = 0;
  let first = 0;
  for (const [index, time] of sorted.entries()) {
    while (time - sorted[first] >= 1000) first++;
    mostInASecond = Math.max(mostInASecond, index - first + 1);
  }
  return {
    registrations: sorted.length,
    seconds: (sorted[sorted.length - 1] - sorted[0]) / 1000,
    mostInASecond,
  };
}
