/** The configuration of the server that is soaked: agents in two domains, each of which calls out by a gateway. */
import { join } from "node:path";
import type { ConnectionProtocol } from "../../bench/load/phone_connection.ts";
import { freePort } from "../../bench/process/local_port.ts";
import { UNLIMITED_CALLS } from "../../support/unlimited_calls.ts";
import { makeCertificate } from "../../bench/systems/certificate.ts";
import { resource, writeFiles } from "../../bench/systems/routr.ts";

export const SECRET = "soak-3eR9";
/** The domain of most phones, whose gateway is an address. */
export const DOMAIN = "sip.local";
/** The domain of some, whose gateway is a name. */
export const NAMED_DOMAIN = "named.local";
export const GATEWAY_ADDRESS = "127.0.0.50";
export const NAMED_GATEWAY_ADDRESS = "127.0.0.51";
export const GATEWAY_NAME = "gateway.soak.test";
/** The number of the first gateway, which rings the first agent. */
export const NUMBER = "17066041487";
/** An agent without a phone, who is edited. */
export const EDITED_USER = "2001";
export const ADMINISTRATOR = "admin";

export type SoakPorts = Readonly<
  Record<ConnectionProtocol | "udp" | "rest" | "gateway" | "inspector", number>
>;

export interface SoakConfiguration {
  /** Of the agents of `DOMAIN`, and of `NAMED_DOMAIN`. */
  readonly users: readonly string[];
  readonly namedUsers: readonly string[];
  readonly nameServer: string;
  /** Properties of `spec`, such as the data source. */
  readonly spec?: Readonly<Record<string, unknown>>;
}

export function choosePorts(): SoakPorts {
  const names = ["tcp", "tls", "ws", "udp", "rest", "gateway", "inspector"] as const;
  return Object.fromEntries(names.map((name) => [name, freePort()])) as Record<keyof SoakPorts, number>;
}

/** Writes everything that the server needs to a directory. */
export async function writeSoakConfiguration(
  directory: string,
  ports: SoakPorts,
  configuration: SoakConfiguration,
): Promise<void> {
  const { key, certificate } = await makeCertificate(directory);
  await writeFiles(directory, {
    "config.yaml": {
      apiVersion: "v1beta1",
      metadata: { userAgent: "routr" },
      spec: {
        bindAddr: "127.0.0.1",
        recordRoute: true,
        nameServers: [configuration.nameServer],
        restService: { bindAddr: "127.0.0.1", port: ports.rest, unsecured: true },
        transport: (["udp", "tcp", "tls", "ws"] as const).map((protocol) => ({
          protocol,
          port: ports[protocol],
        })),
        securityContext: {
          keyStore: certificate,
          privateKey: key,
          keyStoreType: "pem",
          client: { authType: "Disabled" },
        },
        limits: UNLIMITED_CALLS,
        ...configuration.spec,
      },
    },
    "users.yaml": [
      resource("User", "admin", { credentials: { username: ADMINISTRATOR, secret: SECRET } }, {
        ref: "admin",
      }),
    ],
    "agents.yaml": agentDocuments(configuration, SECRET),
    ...networkDocuments(ports),
  });
}

/** @param editedSecret the password of the agent without a phone */
export function agentDocuments(
  { users, namedUsers }: Pick<SoakConfiguration, "users" | "namedUsers">,
  editedSecret: string,
): ReturnType<typeof resource>[] {
  const agent = (username: string, domain: string, secret = SECRET) =>
    resource("Agent", `Agent ${username}`, { credentials: { username, secret }, domains: [domain] }, {
      ref: `ag${username}`,
    });
  return [
    ...users.map((user) => agent(user, DOMAIN)),
    ...namedUsers.map((user) => agent(user, NAMED_DOMAIN)),
    agent(EDITED_USER, DOMAIN, editedSecret),
  ];
}

/** Domains, gateways and numbers. */
function networkDocuments(ports: SoakPorts) {
  const gateway = (ref: string, host: string) =>
    resource("Gateway", host, {
      host: `${host}:${ports.gateway}`,
      transport: "udp",
      credentials: { username: `customer-${ref}`, secret: SECRET },
    }, { ref });
  const number = (ref: string, gwRef: string, telUrl: string) =>
    resource("DID", telUrl, { location: { telUrl: `tel:${telUrl}`, aorLink: `sip:1001@${DOMAIN}` } }, {
      ref,
      gwRef,
    });
  const domain = (domainUri: string, didRef: string) =>
    resource("Domain", domainUri, { context: { domainUri, egressPolicy: { rule: "00[0-9]+", didRef } } }, {
      ref: `dm-${didRef}`,
    });
  return {
    "domains.yaml": [domain(DOMAIN, "DID0001"), domain(NAMED_DOMAIN, "DID0002")],
    "gateways.yaml": [gateway("GW0001", GATEWAY_ADDRESS), gateway("GW0002", GATEWAY_NAME)],
    "dids.yaml": [number("DID0001", "GW0001", NUMBER), number("DID0002", "GW0002", "17066041488")],
  };
}

/** Replaces a file in one step, as an editor does. */
export async function replaceFile(directory: string, name: string, content: unknown): Promise<void> {
  const path = join(directory, name);
  await Deno.writeTextFile(`${path}~`, JSON.stringify(content, null, 2));
  await Deno.rename(`${path}~`, path);
}
