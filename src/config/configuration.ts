import { accessControlList } from "../data/access_control_list.ts";
import { hostPort, ipAddress, nameServer, network } from "../data/network_property.ts";
import {
  filledListOf,
  flag,
  integer,
  listOf,
  mapping,
  oneOf,
  port,
  textMatching,
} from "../data/property_types.ts";
import { API_VERSIONS } from "../data/resource_document.ts";
import type * as z from "zod";
import { dataSource } from "./data_source.ts";
import { laterExtensions } from "./later_extensions.ts";
import { restService } from "./rest_service.ts";
import { securityContext } from "./security_context.ts";

/** The general configuration, complete with defaults: "General Configuration" in the configuration reference. */
export type Configuration = z.output<typeof configurationSchema>;

/** One address, port and protocol to listen on. */
export type Listener = Configuration["transport"][number];

const TRANSPORTS = ["udp", "tcp", "tls", "sctp", "ws", "wss"] as const;
const DEFAULT_TRANSPORT = [{ protocol: "udp", port: 5060 }, { protocol: "tcp", port: 5060 }] as const;

const DIGEST_ALGORITHMS = ["MD5", "SHA-256"] as const;

const anyCount = integer({ min: 0, max: Infinity });
const count = integer({ min: 1, max: Infinity });
const seconds = integer({ min: 0, max: 2 ** 32 - 1 });

const transport = mapping({
  protocol: oneOf(TRANSPORTS),
  /** 0 lets the system choose. */
  port: port(0),
  bindAddr: ipAddress().optional(),
});

/** Lifetimes of registrations in seconds; requests for less than `minExpires` are refused with 423 (RFC 3261 §10.3). */
const registrar = mapping({
  minExpires: seconds.default(60),
  maxExpires: seconds.default(7200),
  defaultExpires: seconds.default(3600),
}).superRefine(({ minExpires, maxExpires, defaultExpires }, context) => {
  if (minExpires > maxExpires) {
    context.addIssue({ code: "custom", path: ["maxExpires"], message: "at least minExpires" });
  } else if (defaultExpires < minExpires || defaultExpires > maxExpires) {
    const message = "a number from minExpires to maxExpires";
    context.addIssue({ code: "custom", path: ["defaultExpires"], message });
  }
});

/** How much strangers may ask of this server. */
const limits = mapping({
  /** Bytes of one message in a datagram. */
  maxDatagramSize: integer({ min: 512, max: 65535 }).default(65535),
  /** Bytes of one message on a connection. */
  maxStreamMessageSize: integer({ min: 512, max: 2 ** 30 }).default(1_048_576),
  /** Open connections: in all, and from one address (a whole office may be behind one). */
  maxConnections: count.default(16_384),
  maxConnectionsPerAddress: count.default(1024),
  /** Silence after which a connection is closed: longer than the longest registration, which may rely on it. */
  idleTimeoutMillis: count.default(7_260_000),
  /** The time a message may take to arrive once its first byte is there. */
  messageTimeoutMillis: count.default(32_000),
  /** Transactions kept at a time; a call has three for half a minute. */
  maxTransactions: count.default(500_000),
});

const metadata = mapping({
  /** For the header fields User-Agent and Server. */
  userAgent: textMatching(/^[\x20-\x7e]+$/, "printable ASCII text").default("Routr v1.0"),
});

const spec = mapping({
  bindAddr: ipAddress().default("0.0.0.0"),
  externAddr: hostPort("an IP address or host name, with or without a port").optional(),
  localnets: listOf(network()).default([]),
  recordRoute: flag().default(false),
  useToAsAOR: flag().default(false),
  registrarIntf: oneOf(["External", "Internal"]).default("External"),
  /** Names of header fields that carry the dialled number. */
  addressInfo: listOf(textMatching(/^[A-Za-z0-9\-.!%*_+`'~]+$/, "the name of a header field")).default([]),
  accessControlList: accessControlList().prefault({}),
  transport: filledListOf(transport, "a list of transports").prefault(DEFAULT_TRANSPORT),
  restService: restService.prefault({}),
  securityContext: securityContext.prefault({}),
  dataSource: dataSource.prefault({}),
  /** The higher, the more is told. */
  logging: mapping({ traceLevel: anyCount.default(0) }).prefault({}),

  /** What follows is not in the reference. */
  /** In the order offered; some old clients look at the first only. */
  digestAlgorithms: filledListOf(oneOf(DIGEST_ALGORITHMS), "a list of digest algorithms").default(
    [...DIGEST_ALGORITHMS],
  ),
  /** Whether agents and peers may call without a password, as they could with Routr v1. */
  allowUnauthenticatedCalls: flag().default(false),
  interDomainCalls: flag().default(false),
  /** Contacts of one address-of-record, unless its agent or peer says otherwise; no limit by default. */
  maxContacts: count.optional(),
  /** Whether the start fails when one of the listeners does. */
  strictListeners: flag().default(false),
  /** Who to ask for names, with or without port, in the place of those of the system. */
  nameServers: filledListOf(nameServer(), "a list of addresses").optional(),
  registrar: registrar.prefault({}),
  limits: limits.prefault({}),
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
  apiVersion: oneOf(API_VERSIONS),
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
