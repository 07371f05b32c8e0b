import { accessControlList } from "../data/access_control_list.ts";
import { TRANSPORTS } from "../data/gateway.ts";
import { DIGEST_ALGORITHMS } from "../data/ha1.ts";
import { hostPort, ipAddress, nameServer, network } from "../data/network_property.ts";
import {
  filledListOf,
  flag,
  flagOr,
  integer,
  listOf,
  mapping,
  oneOf,
  port,
  text,
  textMatching,
} from "../data/property_types.ts";
import { apiVersion, serialRingSeconds } from "../data/resource_document.ts";
import { DEFAULT_MESSAGE_LIMITS } from "../message/message_limits.ts";
import type * as z from "zod";
import { callLimits } from "./call_limits.ts";
import { access } from "./access.ts";
import { dataSource } from "./data_source.ts";
import { laterExtensions } from "./later_extensions.ts";
import { restService } from "./rest_service.ts";
import { securityContext } from "./security_context.ts";

/** The general configuration, complete with defaults: "General Configuration" in the configuration reference. */
export type Configuration = z.output<typeof configurationSchema>;

/** One address, port and protocol to listen on. */
export type Listener = Configuration["transport"][number];

const DEFAULT_TRANSPORT = [{ protocol: "udp", port: 5060 }, { protocol: "tcp", port: 5060 }] as const;

const anyCount = integer({ min: 0, max: Infinity });
const count = integer({ min: 1, max: Infinity });
const seconds = integer({ min: 0, max: 2 ** 32 - 1 });

const transport = mapping({
  protocol: oneOf(TRANSPORTS).describe("Transport protocol."),
  port: port(0).describe("Port to listen on; 0 lets the system choose."),
  bindAddr: ipAddress().optional().describe("Address to listen on, where it is not spec.bindAddr."),
});

/** Lifetimes of registrations in seconds; requests for less than `minExpires` are refused with 423 (§10.3). */
const registrar = mapping({
  minExpires: seconds.default(60).describe(
    "The shortest registration, in seconds; shorter ones are refused.",
  ),
  maxExpires: seconds.default(7200).describe("The longest registration, in seconds; longer ones are cut."),
  defaultExpires: seconds.default(3600).describe(
    "How long a registration lasts that does not say, in seconds.",
  ),
  serialRingSeconds: serialRingSeconds().default(20)
    .describe("How long devices ring before those of a lower q are tried, in seconds."),
  natKeepAliveSeconds: integer({ min: 0, max: 3600 }).optional().describe(
    "How often devices over UDP that are behind a NAT get an empty datagram, so that it stays open; 0 or nothing for never.",
  ),
}).superRefine(({ minExpires, maxExpires, defaultExpires }, context) => {
  if (minExpires > maxExpires) {
    context.addIssue({ code: "custom", path: ["maxExpires"], message: "at least minExpires" });
  } else if (defaultExpires < minExpires || defaultExpires > maxExpires) {
    const message = "a number from minExpires to maxExpires";
    context.addIssue({ code: "custom", path: ["defaultExpires"], message });
  }
});

/** Limits for strangers, and of calls. */
const limits = mapping({
  maxDatagramSize: integer({ min: 512, max: 65535 }).default(65535)
    .describe("Bytes of one message in a datagram."),
  maxStreamMessageSize: integer({ min: 512, max: 2 ** 30 }).default(1_048_576)
    .describe("Bytes of one message on a connection."),
  maxHeadSize: integer({ min: 512, max: 2 ** 20 }).default(DEFAULT_MESSAGE_LIMITS.maxHeadSize)
    .describe("Bytes of the head of a message, on any transport."),
  maxHeaderRows: count.default(DEFAULT_MESSAGE_LIMITS.maxHeaderRows)
    .describe("Header fields of one message."),
  maxHeaderValues: count.default(DEFAULT_MESSAGE_LIMITS.maxHeaderValues)
    .describe("Values of one header field, such as Via, Route or Contact, in one message."),
  maxConnections: count.default(16_384).describe("Open connections."),
  maxConnectionsPerAddress: count.default(1024)
    .describe("Open connections from one address; a whole office may be behind it."),
  /** Longer than the longest registration, which may depend on the connection. */
  idleTimeoutMillis: count.default(7_260_000)
    .describe("Silence after which a connection is closed, in milliseconds."),
  messageTimeoutMillis: count.default(32_000)
    .describe("The time a message may take to arrive once its first byte is there, in milliseconds."),
  maxTransactions: count.default(500_000)
    .describe("Transactions kept at a time; a call has three for half a minute."),
  maxPendingBytes: integer({ min: 65_536, max: Infinity }).optional().describe(
    "Bytes of messages kept for transactions; a quarter of the memory this process may have, 256 MiB at most, unless set.",
  ),
  ...callLimits,
});

const metadata = mapping({
  userAgent: textMatching(/^[\x20-\x7e]+$/, "printable ASCII text").default("Routr v1.0")
    .describe("What the server calls itself, in the header fields User-Agent and Server."),
});

const spec = mapping({
  bindAddr: ipAddress().default("0.0.0.0").describe("Address to listen on; '::' for IPv6 and IPv4."),
  externAddr: hostPort("an IP address or host name, with or without a port").optional()
    .describe("The address that hosts outside of localnets are told."),
  localnets: listOf(network()).default([]).describe("Local networks, for use with externAddr."),
  recordRoute: flagOr("never").default(false).describe(
    "Stay within the signalling path of all calls; never: of calls by gateways only.",
  ),
  useToAsAOR: flag().default(false).describe("To says who is called, instead of the Request-URI."),
  registrarIntf: oneOf(["External", "Internal"]).default("External")
    .describe("Internal binds the address that a REGISTER came from, instead of its Contact."),
  addressInfo: listOf(textMatching(/^[A-Za-z0-9\-.!%*_+`'~]+$/, "the name of a header field")).default([])
    .describe("Header fields in which gateways name the number that was dialled."),
  accessControlList: accessControlList().prefault({})
    .describe("Who may send requests at all. The most specific rule that matches decides."),
  transport: filledListOf(transport, "a list of transports").prefault(DEFAULT_TRANSPORT)
    .describe("Where to listen, and how."),
  restService: restService.prefault({}).describe("The REST service."),
  securityContext: securityContext.prefault({}).describe("Keys and trust of the transports tls and wss."),
  dataSource: dataSource.prefault({}).describe("Where agents, domains and so on are kept."),
  logging: mapping({
    traceLevel: anyCount.default(0).describe(
      "What is told besides what fails and what is refused: from 1 on, such as 10, each call and registration; from 16 on every SIP message.",
    ),
  }).prefault({}).describe("Verbosity."),

  /** The following properties are not in the reference. */
  cdr: mapping({
    path: text("a path").optional().describe(
      "The file that a line is added to for each call that has ended.",
    ),
    stdout: flag().default(false).describe("The same on standard output."),
  }).prefault({}).describe("Records of calls, as JSON."),
  digestAlgorithms: filledListOf(oneOf(DIGEST_ALGORITHMS), "a list of digest algorithms").default(
    [...DIGEST_ALGORITHMS],
  ).describe("Challenges, in the order offered; some old clients look at the first only."),
  allowUnauthenticatedCalls: flag().default(false)
    .describe("Nobody is asked for a password, as in Routr v1. For closed networks only."),
  interDomainCalls: flag().default(false).describe("Agents may call domains that they do not belong to."),
  /** The default for agents and peers. */
  maxContacts: count.optional().describe(
    "How many devices may be registered for one agent or peer; 16 unless set.",
  ),
  strictListeners: flag().default(false).describe("Do not start when one of the listeners fails."),
  nameServers: filledListOf(nameServer(), "a list of addresses").optional()
    .describe("Who to ask for names, with or without port, instead of those of the system."),
  registrar: registrar.prefault({}).describe("Lifetimes of registrations."),
  access: access.prefault({}).describe("What strangers may do before they are silenced."),
  limits: limits.prefault({}).describe("Sizes, connections and times granted to strangers."),
  ...laterExtensions,
}).superRefine(({ transport, bindAddr }, context) => {
  const seen = new Set<string>();
  for (const [i, listener] of transport.entries()) {
    const name = `${listener.protocol} ${listener.bindAddr ?? bindAddr} ${listener.port}`;
    if (listener.port !== 0 && seen.has(name)) {
      context.addIssue({ code: "custom", path: ["transport", i], message: "each transport once" });
    }
    seen.add(name);
  }
});

export const configurationSchema = mapping({
  apiVersion: apiVersion().describe("The version of the configuration."),
  metadata: metadata.prefault({}),
  spec: spec.prefault({}),
}).transform(({ metadata, spec }) => ({
  userAgent: metadata.userAgent,
  ...spec,
  transport: spec.transport.map(({ protocol, port, bindAddr }) => ({
    protocol,
    port,
    bindAddr: bindAddr ?? spec.bindAddr,
  })),
}));
