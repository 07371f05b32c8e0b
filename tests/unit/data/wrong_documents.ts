/** Documents with one fault each. */
import type { Kind } from "../../../src/data/resource.ts";
import {
  agentDocument,
  didDocument,
  type Document,
  domainDocument,
  gatewayDocument,
  peerDocument,
} from "../../support/resources.ts";

const hostAndPort = "a host with or without a port, such as 192.168.1.2:6060";
const networks = "an IP address, a network such as 192.168.0.0/16, or one such as 192.168.0.0/255.255.0.0";
const username = "a username without line breaks, or spaces around it";
/** Each with its only problem: `property found | expected | nearest`. */
export const WRONG_DOCUMENTS: readonly (readonly [Kind, Document, string])[] = [
  ["Agent", { ...agentDocument("1001"), kind: "Peer" }, 'kind "Peer" | Agent'],
  [
    "Agent",
    { ...agentDocument("1001"), apiVersion: "v1beta2" },
    'apiVersion "v1beta2" | one of v1beta1, v1.0, v1 | v1beta1',
  ],
  ["Agent", agentDocument(" 1001"), `spec.credentials.username " 1001" | ${username}`],
  ["Agent", agentDocument("10\n01"), `spec.credentials.username "10\\n01" | ${username}`],
  ["Agent", agentDocument("1001", { domains: [] }), "spec.domains an empty list | a list of domains"],
  [
    "Agent",
    agentDocument("1001", { domains: ["a b"] }),
    'spec.domains[0] "a b" | a domain name such as sip.local',
  ],
  [
    "Agent",
    agentDocument("1001", { privacy: "privat" }),
    'spec.privacy "privat" | one of none, private | private',
  ],
  [
    "Agent",
    agentDocument("1001", { maxContacts: -1 }),
    "spec.maxContacts -1 | a whole number of at least 0",
  ],
  [
    "Agent",
    agentDocument("1001", { maxContacts: 1.5 }),
    "spec.maxContacts 1.5 | a whole number of at least 0",
  ],
  [
    "Agent",
    agentDocument("1001", { credentials: { username: "1001", secret: ["hunter2"] } }),
    "spec.credentials.secret a list | the agent's secret",
  ],
  [
    "Agent",
    agentDocument("1001", { credentials: "1001:hunter2" }),
    "spec.credentials a hidden value | a mapping",
  ],
  [
    "Domain",
    domainDocument("sip:sip.local"),
    'spec.context.domainUri "sip:sip.local" | a domain name such as sip.local',
  ],
  [
    "Domain",
    domainDocument("sip.local", { egressPolicy: { rule: "+1.*", didRef: "DID0001" } }),
    'spec.context.egressPolicy.rule "+1.*" | a valid regular expression',
  ],
  [
    "Domain",
    domainDocument("sip.local", { egressPolicy: { rule: "(?!911).*", didRef: "DID0001" } }),
    'spec.context.egressPolicy.rule "(?!911).*" | a regular expression without lookaround and backreferences',
  ],
  [
    "Domain",
    domainDocument("sip.local", { egressPolicy: { rule: ["0-9"], didRef: "DID0001" } }),
    "spec.context.egressPolicy.rule a list | a regular expression",
  ],
  [
    "Domain",
    domainDocument("sip.local", { egressPolicy: { didRef: "DID0001" } }),
    "spec.context.egressPolicy.rule missing | a regular expression",
  ],
  [
    "Domain",
    domainDocument("sip.local", { egressPolicy: { rule: ".*" } }),
    "spec.context.egressPolicy.didRef missing | the ref of a DID",
  ],
  [
    "Domain",
    domainDocument("sip.local", { accessControlList: { deny: ["192.168.0/24"] } }),
    `spec.context.accessControlList.deny[0] "192.168.0/24" | ${networks}`,
  ],
  ["Peer", peerDocument("ast", { contactAddr: "a b" }), `spec.contactAddr "a b" | ${hostAndPort}`],
  [
    "Peer",
    peerDocument("ast", { device: "a:b" }),
    'spec.device "a:b" | the name of a device, such as astserver',
  ],
  ["Gateway", gatewayDocument("GW 1"), 'metadata.ref "GW 1" | a ref'],
  ["Gateway", gatewayDocument("GW1", { port: 0 }), "spec.port 0 | a whole number between 1 and 65535"],
  [
    "Gateway",
    gatewayDocument("GW1", { transport: "tpc" }),
    'spec.transport "tpc" | one of udp, tcp, tls, sctp, ws, wss | tcp',
  ],
  [
    "Gateway",
    gatewayDocument("GW1", { sendRegister: "maybe" }),
    'spec.sendRegister "maybe" | true or false',
  ],
  [
    "Gateway",
    gatewayDocument("GW1", { registries: ["a b"] }),
    'spec.registries[0] "a b" | a host with or without a port',
  ],
  [
    "DID",
    didDocument("D1", { telUrl: "17066041487" }),
    'spec.location.telUrl "17066041487" | a telephone URI such as tel:17066041487',
  ],
  [
    "DID",
    didDocument("D1", { telUrl: "tel:-" }),
    'spec.location.telUrl "tel:-" | a telephone URI such as tel:17066041487',
  ],
  ...[
    "john",
    "john@sip.local",
    "sip:sip.local",
    "sip:a b@sip.local",
    "sip:john@",
    "sip:john@sip.local:99999",
  ].map(
    (aorLink): [Kind, Document, string] => [
      "DID",
      didDocument("D1", { aorLink }),
      `spec.location.aorLink "${aorLink}" | a SIP URI such as sip:john@sip.local`,
    ],
  ),
];
