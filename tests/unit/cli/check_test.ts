/** The output of `routr check` for every fault of resources and of references between them. */
import assert from "node:assert/strict";
import { check } from "../../../src/cli/check.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";

/** Returns the exit status of `routr check` and its lines without the folder. */
async function checked(
  files: Readonly<Record<string, string>>,
  others: Readonly<Record<string, string>> = RESOURCES,
): Promise<{ status: number; lines: string[] }> {
  await using folder = await TemporaryFolder.of({ ...others, ...files });
  const { log } = console;
  const lines: string[] = [];
  console.log = (line: string) => lines.push(line.replaceAll(`${folder.path}/`, ""));
  try {
    const status = await check({ directory: folder.path, env: {}, executableDirectory: "/" });
    return { status, lines };
  } finally {
    console.log = log;
  }
}

const heading = (kind: string) => `- apiVersion: v1beta1\n  kind: ${kind}\n`;

function agent(username: string, domain: string): string {
  return `${heading("Agent")}  metadata:
    name: Agent
  spec:
    credentials:
      username: ${username}
      secret: '1234'
    domains: [${domain}]
`;
}

function domain(uri: string, more = ""): string {
  return `${heading("Domain")}  metadata:
    name: Domain
  spec:
    context:
      domainUri: ${uri}
${more}`;
}

function egressPolicy(rule: string, didRef: string): string {
  return `      egressPolicy:
        rule: '${rule}'
        didRef: ${didRef}
`;
}

function gateway(ref: string): string {
  return `${heading("Gateway")}  metadata:
    name: Gateway
    ref: ${ref}
  spec:
    host: 192.0.2.1
    transport: udp
`;
}

interface DidProperties {
  readonly gwRef?: string;
  readonly telUrl?: string;
  readonly aorLink?: string;
}

function did(ref: string, properties: DidProperties = {}): string {
  const { gwRef = "GW0001", telUrl = "tel:+17066041487", aorLink = "sip:john@sip.local" } = properties;
  return `${heading("DID")}  metadata:
    ref: ${ref}
    gwRef: ${gwRef}
  spec:
    location:
      telUrl: '${telUrl}'
      aorLink: '${aorLink}'
`;
}

/** A valid configuration, of 9, 7, 8 and 8 lines. */
const RESOURCES = {
  "agents.yaml": agent("john", "sip.local"),
  "domains.yaml": domain("sip.local"),
  "gateways.yaml": gateway("GW0001"),
  "dids.yaml": did("DID0001"),
};

const NETWORK = "an IP address, a network such as 192.168.0.0/16, or one such as 192.168.0.0/255.255.0.0";

/** Faults, the files that have them, and the expected lines. */
const FAULTS: readonly [
  name: string,
  files: Readonly<Record<string, string>>,
  expected: readonly string[],
][] = [
  [
    "a DID that names a missing gateway",
    { "dids.yaml": did("DID0001", { gwRef: "GW001" }) },
    [
      'dids.yaml:5:12: metadata.gwRef is "GW001", expected the ref of a configured gateway (did you mean "GW0001"?)',
    ],
  ],
  [
    "a domain that names a missing DID",
    { "domains.yaml": domain("sip.local") + domain("b.local", egressPolicy(".*", "DID001")) },
    [
      'domains.yaml:17:17: spec.context.egressPolicy.didRef is "DID001", expected the ref of a configured DID (did you mean "DID0001"?)',
    ],
  ],
  [
    "an agent in an unknown domain",
    { "agents.yaml": agent("john", "sip.local") + agent("jane", "sip.locl") },
    [
      'agents.yaml:18:15: spec.domains[0] is "sip.locl", expected one of the configured domains (did you mean "sip.local"?)',
    ],
  ],
  [
    "duplicate usernames in one domain",
    { "agents.yaml": agent("john", "sip.local") + agent("john", "sip.local") },
    [
      'agents.yaml:16:17: spec.credentials.username is "john", expected a username that no other agent of domain "sip.local" has',
    ],
  ],
  [
    "duplicate refs",
    { "gateways.yaml": gateway("GW0001") + gateway("GW0001") },
    ['gateways.yaml:13:10: metadata.ref is "GW0001", expected a ref that no other gateway has'],
  ],
  [
    "duplicate telUrls, by their digits",
    { "dids.yaml": did("DID0001") + did("DID0002", { telUrl: "tel:1-706-604-1487" }) },
    [
      'dids.yaml:17:15: spec.location.telUrl is "tel:1-706-604-1487", expected a number that no other DID has',
    ],
  ],
  [
    "a bad regular expression",
    { "domains.yaml": domain("sip.local") + domain("b.local", egressPolicy("+1.*", "DID0001")) },
    ['domains.yaml:16:15: spec.context.egressPolicy.rule is "+1.*", expected a valid regular expression'],
  ],
  [
    "a regular expression that may take for ever",
    { "domains.yaml": domain("sip.local") + domain("b.local", egressPolicy("(1+)+\\1", "DID0001")) },
    [
      'domains.yaml:16:15: spec.context.egressPolicy.rule is "(1+)+\\\\1", expected a regular expression without lookaround and backreferences',
    ],
  ],
  [
    "a bad rule in the access control list of a domain",
    {
      "domains.yaml": domain("sip.local") +
        domain("b.local", "      accessControlList:\n        deny: [10.0.0.0/33]\n"),
    },
    [
      `domains.yaml:16:16: spec.context.accessControlList.deny[0] is "10.0.0.0/33", expected ${NETWORK}`,
    ],
  ],
  [
    "a bad rule in the access control list of the server",
    { "config.yaml": "apiVersion: v1beta1\nspec:\n  accessControlList:\n    allow:\n      - 192.168.0/24\n" },
    [`config.yaml:5:9: spec.accessControlList.allow[0] is "192.168.0/24", expected ${NETWORK}`],
  ],
  [
    "an aorLink that is no SIP URI",
    { "dids.yaml": did("DID0001") + did("DID0002", { telUrl: "tel:2", aorLink: "john@sip.local" }) },
    [
      'dids.yaml:18:16: spec.location.aorLink is "john@sip.local", expected a SIP URI such as sip:john@sip.local',
    ],
  ],
  [
    "one mistake, and nothing of what refers to it",
    {
      "dids.yaml": did("DID0001", { gwRef: "GW001" }),
      "domains.yaml": domain("sip.local", egressPolicy(".*", "DID0001")),
    },
    [
      'dids.yaml:5:12: metadata.gwRef is "GW001", expected the ref of a configured gateway (did you mean "GW0001"?)',
    ],
  ],
];

for (const [name, files, expected] of FAULTS) {
  Deno.test(`check tells ${name}, with its place, and returns 1`, async () => {
    const { status, lines } = await checked(files);
    assert.deepEqual(lines.slice(0, expected.length), expected);
    assert.equal(lines.at(-1), expected.length === 1 ? "1 fault" : `${expected.length} faults`);
    assert.equal(status, 1);
  });
}

Deno.test("check leaves out faulty resources only", async () => {
  const { lines } = await checked({
    "dids.yaml": did("DID0001") + did("DID0002", { telUrl: "tel:2", gwRef: "GW2" }),
    "agents.yaml": agent("john", "sip.local") + agent("john", "sip.local") + agent("jane", "sip.local"),
  });
  const resources = lines.find((line) => line.startsWith("Resources:")) ?? "";
  assert.match(resources, /^Resources: 2 agents, 1 domain, 0 peers, 1 gateway, 1 DID, 0 users in /);
});

Deno.test("check warns of a gateway that no listener reaches", async () => {
  const { status, lines } = await checked({ "gateways.yaml": gateway("GW0001").replace("udp", "tls") });
  const warning = 'Warning: Gateway "GW0001" is over tls, for which spec.transport has no listener';
  assert.equal(lines[0], warning);
  assert.equal(status, 0);
});

Deno.test("check suggests init for a folder without resources, and corrections for similar names", async () => {
  const empty = await checked({}, {});
  assert.equal(empty.status, 0);
  assert.match(
    empty.lines[0],
    /^Warning: There are no agents.* in .*: nobody can register or call \(routr init/,
  );
  const misnamed = await checked({ "agent.yaml": "" }, {});
  assert.equal(misnamed.lines[0], "Warning: agent.yaml is not read: agents belong in agents.yaml");
});

Deno.test("check warns of a DID that reaches nobody", async () => {
  const { status, lines } = await checked({ "dids.yaml": did("DID0001", { aorLink: "sip:jon@sip.local" }) });
  assert.equal(
    lines[0],
    'Warning: DID "DID0001": sip:jon@sip.local is neither an agent of a domain here nor a peer',
  );
  assert.equal(status, 0);
});
