/** A configuration of a chosen size, in files as operators write them, for what must not depend on its size. */
import { join } from "node:path";
import { SECRET } from "./subscribers.ts";
import { UNLIMITED_CALLS } from "../../support/unlimited_calls.ts";

/** How many there are of each kind. */
export interface ConfigurationSize {
  /** Spread evenly over the domains; at least as many. */
  readonly agents: number;
  readonly domains: number;
  /** Spread evenly over the gateways. */
  readonly dids: number;
  readonly gateways: number;
  /** Of the whole server; all admit 127.0.0.0/8. None at all when it is 0. */
  readonly accessRules: number;
  /** At most one for each domain and DID: the first domains have one each. */
  readonly egressRules: number;
}

/** The size that routing and loading are held to. */
export const LARGE: ConfigurationSize = {
  agents: 10_000,
  domains: 1_000,
  dids: 1_000,
  gateways: 20,
  accessRules: 500,
  egressRules: 200,
};

export interface LargeConfigurationOptions {
  /** `LARGE` if omitted. */
  readonly size?: ConfigurationSize;
  /** UDP port of 127.0.0.1 to listen on; the system chooses one if omitted. */
  readonly port?: number;
  /** UDP port of all gateways; 5060 if omitted. */
  readonly gatewayPort?: number;
  /** TCP port of the REST service at 127.0.0.1; the system chooses one if omitted. */
  readonly restPort?: number;
}

/** Who may use the REST service; the secret is `SECRET`. */
export const ADMINISTRATOR_NAME = "admin";

const ADMINISTRATOR = `- apiVersion: v1beta1
  kind: User
  metadata:
    name: Administrator
  spec:
    credentials:
      username: ${ADMINISTRATOR_NAME}
      secret: '${SECRET}'
`;

/**
 * Writes `config.yaml` and the resource files to an existing directory. No gateway has credentials, so that nothing is
 * sent to them before somebody calls out.
 */
export async function writeLargeConfiguration(
  directory: string,
  options: LargeConfigurationOptions = {},
): Promise<void> {
  const { size = LARGE, gatewayPort = 5060 } = options;
  const files: Record<string, string> = {
    "config.yaml": generalConfiguration(size.accessRules, options),
    "users.yaml": ADMINISTRATOR,
    "domains.yaml": list(size.domains, (index) => domain(index, size)),
    "agents.yaml": list(size.agents, (index) => agent(index, size)),
    "gateways.yaml": list(size.gateways, (index) => gateway(index, gatewayPort)),
    "dids.yaml": list(size.dids, (index) => did(index, size)),
  };
  await Promise.all(
    Object.entries(files).map(([name, text]) => Deno.writeTextFile(join(directory, name), text)),
  );
}

/** Username of an agent, by its number from 0; its secret is `SECRET`. */
export function agentName(index: number): string {
  return `user${index}`;
}

/** The domain of an agent, by the agent's number: neighbours are in different domains. */
export function domainOfAgent(index: number, { domains }: ConfigurationSize): string {
  return domainName(index % domains);
}

/** A number of the telephone network that every egress rule lets out, though no two rules are alike. */
export function numberOutside(index: number): string {
  return `+1${String(index).padStart(4, "0")}5550100`;
}

/** The number of a DID, by the DID's number from 0: digits with a plus sign. It rings the agent with the same number. */
export function didNumber(index: number): string {
  return `+1706${String(index).padStart(7, "0")}`;
}

/** An address of the loopback network where nothing else is; 250 gateways at most. */
export function gatewayAddress(index: number): string {
  return `127.20.0.${index + 1}`;
}

function domainName(index: number): string {
  return `d${index}.example`;
}

function generalConfiguration(
  accessRules: number,
  { port = 0, restPort = 0 }: LargeConfigurationOptions,
): string {
  return `apiVersion: v1beta1
metadata:
  userAgent: routr
spec:
  bindAddr: 127.0.0.1
  recordRoute: true
  transport:
    - protocol: udp
      port: ${port}
  restService:
    bindAddr: 127.0.0.1
    port: ${restPort}
  limits: ${JSON.stringify(UNLIMITED_CALLS)}
${accessRules === 0 ? "" : accessControlList(accessRules)}`;
}

/** Half of them allow and half deny, of many prefix lengths and both families. */
function accessControlList(count: number): string {
  const rules = Array.from({ length: count - 1 }, (_, index) => `      - ${accessRule(index)}\n`);
  const half = rules.length >> 1;
  return `  accessControlList:\n    allow:\n      - 127.0.0.0/8\n${rules.slice(0, half).join("")}` +
    `    deny:\n${rules.slice(half).join("")}`;
}

/** Each another network, none of which has anything of 127.0.0.0/8. */
function accessRule(index: number): string {
  const [high, low] = [index >> 8, index & 255];
  switch (index % 4) {
    case 0:
      return `10.${high}.${low}.0/24`;
    case 1:
      return `172.${16 + high}.${low}.128/${25 + index % 7}`;
    case 2:
      return `192.0.${high}.${low}`;
    default:
      return `2001:db8:${index.toString(16)}::/48`;
  }
}

function domain(index: number, { egressRules }: ConfigurationSize): string {
  const policy = index < egressRules
    ? `      egressPolicy:
        rule: '\\+?1[0-9]{11}|9${index}'
        didRef: DID${index}
`
    : "";
  return `- apiVersion: v1beta1
  kind: Domain
  metadata:
    name: Domain ${index}
  spec:
    context:
      domainUri: ${domainName(index)}
${policy}`;
}

function agent(index: number, size: ConfigurationSize): string {
  return `- apiVersion: v1beta1
  kind: Agent
  metadata:
    name: Agent ${index}
  spec:
    credentials:
      username: ${agentName(index)}
      secret: '${SECRET}'
    domains: [${domainOfAgent(index, size)}]
`;
}

function gateway(index: number, port: number): string {
  return `- apiVersion: v1beta1
  kind: Gateway
  metadata:
    name: Provider ${index}
    ref: GW${index}
  spec:
    host: ${gatewayAddress(index)}:${port}
    transport: udp
`;
}

function did(index: number, size: ConfigurationSize): string {
  return `- apiVersion: v1beta1
  kind: DID
  metadata:
    ref: DID${index}
    gwRef: GW${index % size.gateways}
  spec:
    location:
      telUrl: 'tel:${didNumber(index)}'
      aorLink: 'sip:${agentName(index)}@${domainOfAgent(index, size)}'
`;
}

function list(count: number, item: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => item(index)).join("\n");
}
