/** Configurations with many gateways that want to be registered with. */
import { resource, writeFiles } from "../systems/routr.ts";
import { gatewayAddress } from "./large_configuration.ts";
import { DOMAIN, SECRET, subscribers } from "./subscribers.ts";
import { UNLIMITED_CALLS } from "../../support/unlimited_calls.ts";

export interface TrunkConfigurationOptions {
  /** Of 127.0.0.1. */
  readonly port: number;
  readonly connectionPort: number;
  /** `host:port` of each gateway; all have credentials. */
  readonly gateways: readonly string[];
  /** Agents in `DOMAIN`, which has no gateway. */
  readonly users: number;
  /** Domains with one agent, `caller`, who calls out to any number: by the first gateway, the second one, and so on. */
  readonly outboundDomains?: readonly string[];
  /** The system's if omitted. */
  readonly nameServers?: readonly string[];
}

export const OUTBOUND_CALLER = "caller";

/** `host:port` of so many gateways, each at an address of its own. */
export function gatewayHosts(count: number, port: number): string[] {
  return Array.from({ length: count }, (_, index) => `${gatewayAddress(index)}:${port}`);
}

/** Writes everything that routr needs to an existing directory. */
export async function writeTrunkConfiguration(
  directory: string,
  options: TrunkConfigurationOptions,
): Promise<void> {
  const { port, connectionPort, gateways, users, outboundDomains = [], nameServers } = options;
  await writeFiles(directory, {
    "config.yaml": {
      apiVersion: "v1beta1",
      metadata: { userAgent: "routr" },
      spec: {
        bindAddr: "127.0.0.1",
        recordRoute: true,
        transport: [{ protocol: "udp", port }, { protocol: "tcp", port: connectionPort }],
        limits: UNLIMITED_CALLS,
        ...nameServers && { nameServers },
      },
    },
    "domains.yaml": [
      resource("Domain", DOMAIN, { context: { domainUri: DOMAIN } }),
      ...outboundDomains.map((domainUri, index) =>
        resource("Domain", domainUri, {
          context: { domainUri, egressPolicy: { rule: ".*", didRef: `DID${index}` } },
        })
      ),
    ],
    "agents.yaml": [
      ...subscribers(users).map((username) => agent(username, DOMAIN)),
      ...outboundDomains.map((domain) => agent(OUTBOUND_CALLER, domain)),
    ],
    "gateways.yaml": gateways.map((host, index) => {
      const credentials = { username: `trunk${index}`, secret: SECRET };
      return resource("Gateway", host, { host, transport: "udp", credentials }, { ref: `GW${index}` });
    }),
    "dids.yaml": outboundDomains.map((_, index) => {
      const location = {
        telUrl: `tel:+1706604${1000 + index}`,
        aorLink: `sip:${subscribers(1)[0]}@${DOMAIN}`,
      };
      return resource("DID", `Number ${index}`, { location }, { ref: `DID${index}`, gwRef: `GW${index}` });
    }),
  });
}

function agent(username: string, domain: string) {
  return resource("Agent", `Agent ${username}`, {
    credentials: { username, secret: SECRET },
    domains: [domain],
  });
}
