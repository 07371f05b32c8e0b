/** Calls by each way that routing knows, spread over the resources of a configuration of `large_configuration.ts`. */
import { join } from "node:path";
import { freePort, untilPortBound } from "../process/local_port.ts";
import type { BenchedSystem } from "../systems/benched_system.ts";
import { RING, TALK } from "./call_times.ts";
import { type InjectedCall, writeInjection } from "./injection_files.ts";
import {
  agentName,
  type ConfigurationSize,
  didNumber,
  domainOfAgent,
  gatewayAddress,
  numberOutside,
} from "./large_configuration.ts";
import type { LoadResult } from "./load_result.ts";
import { registerBindings } from "./register_bindings.ts";
import { runLoad } from "./sipp_load.ts";
import { SippProcess } from "./sipp_process.ts";

/** Between agents of a domain; from an agent to a number outside; from a gateway to one of its numbers. */
export const ROUTES = ["internal", "egress", "ingress"] as const;
export type Route = typeof ROUTES[number];

/** The ports of callers and callees, the same for all systems: callees keep the contact they registered. */
export interface RoutedPorts {
  readonly caller: number;
  readonly phones: number;
  readonly gateway: number;
}

export interface RoutedLoadOptions {
  readonly system: BenchedSystem;
  readonly size: ConfigurationSize;
  readonly ports: RoutedPorts;
  /** Calls a second, by one pair of SIPp processes. */
  readonly rate: number;
  readonly seconds: number;
  /** Of SIPp's files. */
  readonly directory: string;
}

/** Agents that are called; as many call, each one of its own domain. The number is a multiple of the domains. */
export const CALLEES = 1000;
/** Agents that call out, each another number. */
const OUTBOUND_CALLERS = 200;
/** For one process that is all gateways. */
const EVERYWHERE = "0.0.0.0";

export function chooseRoutedPorts(): RoutedPorts {
  return { caller: freePort(), phones: freePort(), gateway: freePort() };
}

/** Registers the agents that are called, from the port of their phones. */
export async function registerPhones(
  { port }: BenchedSystem,
  { size, ports }: Pick<RoutedLoadOptions, "size" | "ports">,
): Promise<void> {
  const bindings = Array.from({ length: CALLEES }, (_, index) => ({
    user: agentName(index),
    domain: domainOfAgent(index, size),
    contact: `sip:${agentName(index)}@127.0.0.1:${ports.phones}`,
  }));
  await registerBindings({ port, bindings, localPort: ports.phones });
}

/** For calls to agents these must have registered; see registerPhones. */
export async function offerRoutedCalls(route: Route, options: RoutedLoadOptions): Promise<LoadResult> {
  const { system, size, ports, rate, seconds, directory } = options;
  const isOutside = route === "egress";
  const calleePort = isOutside ? ports.gateway : ports.phones;
  const callee = new SippProcess({
    scenario: "call_uas",
    localPort: calleePort,
    localAddress: isOutside ? EVERYWHERE : undefined,
    directory,
    pause: RING,
  });
  await untilPortBound("udp", calleePort);
  const count = rate * seconds;
  const calls = CALLS[route](size, `127.0.0.1:${system.port}`);
  const caller = new SippProcess({
    // A gateway is known by its address, and not challenged.
    ...route === "ingress"
      ? { scenario: "call_uac_plain", localAddress: gatewayAddress(0) }
      : { scenario: "call_uac" },
    localPort: ports.caller,
    directory,
    pause: TALK,
    outgoing: {
      remotePort: system.port,
      rate,
      count,
      injection: writeInjection(join(directory, `${route}_${size.domains}.inf`), calls),
    },
  });
  return await runLoad({ callers: [caller], callees: [callee], offered: count }, { system, seconds });
}

const CALLS: Record<Route, (size: ConfigurationSize, server: string) => InjectedCall[]> = {
  internal: (size) =>
    Array.from({ length: CALLEES }, (_, index) => ({
      caller: agentName(CALLEES + index),
      callee: agentName(index),
      host: domainOfAgent(index, size),
    })),
  egress: (size) =>
    Array.from({ length: OUTBOUND_CALLERS }, (_, index) => ({
      caller: agentName(CALLEES + index),
      callee: numberOutside(index),
      host: domainOfAgent(index % size.egressRules, size),
    })),
  ingress: (size, server) =>
    Array.from({ length: size.dids / size.gateways }, (_, index) => ({
      caller: numberOutside(index),
      callee: didNumber(index * size.gateways),
      host: server,
    })),
};
