import assert from "node:assert/strict";
import { configurationSchema } from "../../../src/config/configuration.ts";
import { documentProblems } from "../../../src/data/document_problems.ts";
import { formatPath } from "../../../src/data/fault.ts";

type Document = Record<string, unknown>;

function read(spec: Document, metadata: Document = {}) {
  return configurationSchema.parse({ apiVersion: "v1beta1", metadata, spec });
}

/** Returns `property found | expected | nearest` for each problem. */
function problemsOf(document: Document): string[] {
  const { error } = configurationSchema.safeParse(document);
  return (error === undefined ? [] : documentProblems(error, document)).map((problem) => {
    const { path, found, expected, nearest } = problem;
    return [`${formatPath(path)} ${found}`, expected, ...(nearest === undefined ? [] : [nearest])].join(
      " | ",
    );
  });
}

function problemsOfSpec(spec: Document): string[] {
  return problemsOf({ apiVersion: "v1beta1", spec });
}

Deno.test("every property of the reference has its default", () => {
  const {
    digestAlgorithms,
    registrar,
    access,
    limits,
    grpcService,
    ex_rtpEngine,
    ex_kafka,
    ex_logsDriver,
    ...config
  } = read({});
  assert.deepEqual(config, {
    userAgent: "Routr v1.0",
    bindAddr: "0.0.0.0",
    localnets: [],
    recordRoute: false,
    useToAsAOR: false,
    registrarIntf: "External",
    addressInfo: [],
    accessControlList: { allow: [], deny: [] },
    restService: {
      bindAddr: "0.0.0.0",
      port: 4567,
      unsecured: false,
      keyStorePassword: "changeit",
      trustStore: undefined,
      trustStorePassword: undefined,
      minThreads: 8,
      maxThreads: 200,
      timeoutMillis: 5000,
      acceptsTokensWithoutExpiry: false,
      corsOrigins: [],
      tokenLifetimeSeconds: 86_400,
      maxBodyBytes: 1_048_576,
      maxUploadBytes: 16_777_216,
      maxRequestsPerAddress: 16,
    },
    transport: [
      { protocol: "udp", port: 5060, bindAddr: "0.0.0.0" },
      { protocol: "tcp", port: 5060, bindAddr: "0.0.0.0" },
    ],
    securityContext: {
      keyStore: "etc/certs/domains-cert.jks",
      keyStorePassword: "changeit",
      keyStoreType: "jks",
      trustStore: undefined,
      trustStorePassword: "changeit",
      certificates: [],
      client: { authType: "Disabled", protocols: ["TLSv1.3", "TLSv1.2"], allowWildcards: false },
      debugging: false,
    },
    dataSource: { provider: "files_data_provider", parameters: {} },
    logging: { traceLevel: 0 },
    cdr: { stdout: false },
    allowUnauthenticatedCalls: false,
    interDomainCalls: false,
    strictListeners: false,
    ex_convertTelToE164: false,
    ex_uniqueGatewayPerHostPort: false,
  });
  assert.deepEqual(digestAlgorithms, ["MD5", "SHA-256"]);
  assert.deepEqual(registrar, {
    minExpires: 60,
    maxExpires: 7200,
    defaultExpires: 3600,
    serialRingSeconds: 20,
  });
  const { scanners, ...numbers } = access;
  assert.ok(scanners.includes("friendly-scanner"));
  assert.deepEqual(numbers, {
    preset: "normal",
    isOn: true,
    firewall: "none",
    trusted: [],
    requestsPerSecond: 20,
    requestBurst: 60,
    strangersPerSecond: 2000,
    ban: { points: 10, windowSeconds: 600, seconds: 3600, maxSeconds: 86_400 },
    failuresPerAccountPerHour: 100,
  });
  assert.deepEqual(limits, {
    maxDatagramSize: 65535,
    maxStreamMessageSize: 1_048_576,
    maxConnections: 16_384,
    maxConnectionsPerAddress: 1024,
    idleTimeoutMillis: 7_260_000,
    messageTimeoutMillis: 32_000,
    maxTransactions: 500_000,
    maxHeadSize: 65_536,
    maxHeaderRows: 256,
    maxHeaderValues: 100,
    maxCallsInSetup: 1000,
    maxCallsInSetupPerAgent: 10,
    maxCallsOutPerAgent: 4,
    maxCallsOutPerMinutePerAgent: 30,
    callsOutBurstPerAgent: 5,
    maxCallsOutPerPeer: 30,
    maxCallsOutPerMinutePerPeer: 120,
    callsOutBurstPerPeer: 30,
    channelsPerGateway: 30,
    newCallsPerSecondPerGateway: 10,
    maxCallSeconds: 14_400,
  });
  assert.deepEqual(grpcService, { bind: "127.0.0.1", port: 50099 });
  assert.deepEqual(ex_rtpEngine, { enabled: false, proto: "http", port: 8080, bridgeParams: {} });
  assert.deepEqual(ex_kafka, { enabled: false });
  assert.deepEqual(ex_logsDriver, {});
});

Deno.test("every property of the reference can be set", () => {
  const config = read({
    bindAddr: "192.168.1.2",
    externAddr: "203.0.113.1:5090",
    localnets: ["192.168.0.0/16", "10.0.0.0/255.0.0.0", "127.0.0.1"],
    recordRoute: "true",
    useToAsAOR: "yes",
    registrarIntf: "internal",
    addressInfo: ["X-DID", "P-Called-Party-ID"],
    accessControlList: { deny: ["0.0.0.0/0"], allow: ["192.168.0.1/31"] },
    restService: {
      bindAddr: "127.0.0.1",
      port: "0",
      unsecured: "TRUE",
      keyStore: "a.jks",
      keyStorePassword: "a",
      trueStore: "b.jks",
      trueStorePassword: 1234,
      minThreads: 1,
      maxThreads: 2,
      timeOutMillis: 3,
    },
    transport: [
      { protocol: "TLS", port: 5061, bindAddr: "[::1]" },
      { protocol: "sctp", port: "0" },
      { protocol: "ws", port: 5062 },
      { protocol: "wss", port: 5063 },
    ],
    securityContext: {
      keyStore: "c.p12",
      keyStorePassword: "c",
      keyStoreType: "PKCS12",
      privateKey: "c.key",
      trustStore: "d.p12",
      trustStorePassword: "d",
      certificates: [{ keyStore: "e.pem", keyStorePassword: 5, privateKey: "e.key", domains: "e.example" }],
      client: { authType: "want", protocols: ["tlsv1.3"], allowWildcards: "yes" },
      debugging: true,
    },
    dataSource: { provider: "redis_data_provider", parameters: { host: "redis", port: "6380", secret: "s" } },
    logging: { traceLevel: "10" },
    digestAlgorithms: ["sha-256"],
    allowUnauthenticatedCalls: true,
    interDomainCalls: true,
    maxContacts: 3,
    strictListeners: true,
    registrar: { minExpires: 1, maxExpires: 100, defaultExpires: 50 },
    limits: { maxConnections: 5 },
  }, { userAgent: "My Server/2" });
  assert.equal(config.userAgent, "My Server/2");
  assert.equal(config.bindAddr, "192.168.1.2");
  assert.deepEqual(config.externAddr, { host: "203.0.113.1", port: 5090 });
  assert.deepEqual(config.localnets, ["192.168.0.0/16", "10.0.0.0/255.0.0.0", "127.0.0.1"]);
  assert.equal(config.recordRoute, true);
  assert.equal(config.useToAsAOR, true);
  assert.equal(config.registrarIntf, "Internal");
  assert.deepEqual(config.addressInfo, ["X-DID", "P-Called-Party-ID"]);
  assert.deepEqual(config.accessControlList, { deny: ["0.0.0.0/0"], allow: ["192.168.0.1/31"] });
  assert.deepEqual(config.restService, {
    bindAddr: "127.0.0.1",
    port: 0,
    unsecured: true,
    keyStore: "a.jks",
    keyStorePassword: "a",
    trustStore: "b.jks",
    trustStorePassword: "1234",
    minThreads: 1,
    maxThreads: 2,
    timeoutMillis: 3,
    acceptsTokensWithoutExpiry: false,
    corsOrigins: [],
    tokenLifetimeSeconds: 86_400,
    maxBodyBytes: 1_048_576,
    maxUploadBytes: 16_777_216,
    maxRequestsPerAddress: 16,
  });
  assert.deepEqual(config.transport, [
    { protocol: "tls", port: 5061, bindAddr: "::1" },
    { protocol: "sctp", port: 0, bindAddr: "192.168.1.2" },
    { protocol: "ws", port: 5062, bindAddr: "192.168.1.2" },
    { protocol: "wss", port: 5063, bindAddr: "192.168.1.2" },
  ]);
  assert.deepEqual(config.securityContext, {
    keyStore: "c.p12",
    keyStorePassword: "c",
    keyStoreType: "pkcs12",
    privateKey: "c.key",
    trustStore: "d.p12",
    trustStorePassword: "d",
    certificates: [
      { keyStore: "e.pem", keyStorePassword: "5", privateKey: "e.key", domains: ["e.example"] },
    ],
    client: { authType: "Want", protocols: ["TLSv1.3"], allowWildcards: true },
    debugging: true,
  });
  assert.deepEqual(config.dataSource, {
    provider: "redis_data_provider",
    parameters: {
      host: "redis",
      port: 6380,
      secret: "s",
      db: 0,
      tls: false,
      max_retry: -1,
      retry_interval: 2,
      timeout: 500,
    },
  });
  assert.deepEqual(config.logging, { traceLevel: 10 });
  assert.deepEqual(config.digestAlgorithms, ["SHA-256"]);
  assert.equal(config.allowUnauthenticatedCalls, true);
  assert.equal(config.interDomainCalls, true);
  assert.equal(config.maxContacts, 3);
  assert.equal(config.strictListeners, true);
  assert.deepEqual(config.registrar, {
    minExpires: 1,
    maxExpires: 100,
    defaultExpires: 50,
    serialRingSeconds: 20,
  });
  assert.equal(config.limits.maxConnections, 5);
});

Deno.test("the reference's example is understood", () => {
  const config = read({
    transport: [{ protocol: "udp", port: 5060 }],
    dataSource: { provider: "redis_data_provider" },
    logging: { traceLevel: 10 },
  }, { userAgent: "Routr v1.0" });
  assert.deepEqual(config.transport, [{ protocol: "udp", port: 5060, bindAddr: "0.0.0.0" }]);
  assert.equal(config.dataSource.provider, "redis_data_provider");
});

Deno.test("parameters of the data source may be text", () => {
  const { dataSource } = read({
    dataSource: {
      provider: "restful_data_provider",
      parameters: "baseUrl=http://h/v1?a=b, username=admin,secret=x=y",
    },
  });
  assert.deepEqual(dataSource.parameters, {
    baseUrl: "http://h/v1?a=b",
    username: "admin",
    secret: "x=y",
    refreshInterval: 5,
    timeout: 5000,
  });
});

Deno.test("each property says what it expects", () => {
  const address = "an IP address";
  const networks = "an IP address, a network such as 192.168.0.0/16, or one such as 192.168.0.0/255.255.0.0";
  const port = "a whole number between 0 and 65535";
  const count = "a whole number of at least 1";
  const table: [Record<string, unknown>, string][] = [
    [{ bindAddr: "localhost" }, `spec.bindAddr "localhost" | ${address}`],
    [{ externAddr: "a b" }, 'spec.externAddr "a b" | an IP address or host name, with or without a port'],
    [{ localnets: ["10.0.0.0/8", "x"] }, `spec.localnets[1] "x" | ${networks}`],
    [{ recordRoute: "maybe" }, 'spec.recordRoute "maybe" | true, false or never'],
    [{ useToAsAOR: 1 }, "spec.useToAsAOR 1 | true or false"],
    [{ registrarIntf: "Intern" }, 'spec.registrarIntf "Intern" | one of External, Internal | Internal'],
    [{ addressInfo: ["X DID"] }, 'spec.addressInfo[0] "X DID" | the name of a header field'],
    [{ accessControlList: { deny: ["all"] } }, `spec.accessControlList.deny[0] "all" | ${networks}`],
    [{ restService: { port: 65536 } }, `spec.restService.port 65536 | ${port}`],
    [
      { restService: { keyStorePassword: ["hunter2"] } },
      "spec.restService.keyStorePassword a list | a password",
    ],
    [{ transport: [] }, "spec.transport an empty list | a list of transports"],
    [{ transport: [{ protocol: "udp" }] }, `spec.transport[0].port missing | ${port}`],
    [
      { transport: [{ port: 5060 }] },
      "spec.transport[0].protocol missing | one of udp, tcp, tls, sctp, ws, wss",
    ],
    [
      { transport: [{ protocol: "upd", port: 5060 }] },
      'spec.transport[0].protocol "upd" | one of udp, tcp, tls, sctp, ws, wss | udp',
    ],
    [
      { transport: [{ protocol: "udp", port: 5060 }, { protocol: "udp", port: 5060, bindAddr: "0.0.0.0" }] },
      "spec.transport[1] a mapping | each transport once",
    ],
    [
      { securityContext: { keyStoreType: "bks" } },
      'spec.securityContext.keyStoreType "bks" | one of jks, pkcs12, pem | jks',
    ],
    [
      { securityContext: { certificates: [{ keyStorePassword: "hunter2" }] } },
      "spec.securityContext.certificates[0].keyStore missing | a path",
    ],
    [
      { securityContext: { certificates: [{ keyStore: "a", domains: ["a b"] }] } },
      'spec.securityContext.certificates[0].domains[0] "a b" | a host name',
    ],
    [
      { securityContext: { client: { protocols: ["TLSv1.4"] } } },
      'spec.securityContext.client.protocols[0] "TLSv1.4" | ' +
      "one of TLSv1.3, TLSv1.2, TLSv1.1, TLSv1, SSLv3, SSLv2Hello | TLSv1.3",
    ],
    [
      { securityContext: { client: { authType: "Never" } } },
      'spec.securityContext.client.authType "Never" | one of Default, Enabled, Want, Disabled, DisabledAll',
    ],
    [
      { dataSource: { provider: "file_data_provider" } },
      'spec.dataSource.provider "file_data_provider" | ' +
      "one of files_data_provider, redis_data_provider, restful_data_provider | files_data_provider",
    ],
    [
      { dataSource: { parameters: "path=/etc,hunter2" } },
      "spec.dataSource.parameters a hidden value | a mapping, or name=value pairs with commas between",
    ],
    [
      { dataSource: { provider: "redis_data_provider", parameters: "port=x" } },
      'spec.dataSource.parameters.port "x" | a whole number between 1 and 65535',
    ],
    [
      { dataSource: { provider: "redis_data_provider", parameters: { hots: "x" } } },
      "spec.dataSource.parameters.hots not a known property | " +
      "one of host, port, username, secret, db, tls, url, nodeAddr, max_retry, retry_interval, timeout | host",
    ],
    [
      {
        dataSource: {
          provider: "restful_data_provider",
          parameters: { baseUrl: "ftp://u:hunter2@h", username: "u", secret: "s" },
        },
      },
      'spec.dataSource.parameters.baseUrl "ftp://u:…@h" | an http or https URL',
    ],
    [{ logging: { traceLevel: "high" } }, 'spec.logging.traceLevel "high" | a whole number of at least 0'],
    [{ digestAlgorithms: ["MD6"] }, 'spec.digestAlgorithms[0] "MD6" | one of MD5, SHA-256 | MD5'],
    [{ maxContacts: 0 }, `spec.maxContacts 0 | ${count}`],
    [
      { access: { preset: "norml" } },
      'spec.access.preset "norml" | one of off, relaxed, normal, strict | normal',
    ],
    [{ access: { trusted: ["office"] } }, `spec.access.trusted[0] "office" | ${networks}`],
    [{ limits: { maxConnections: 0 } }, `spec.limits.maxConnections 0 | ${count}`],
    [{ registrar: { minExpires: 9000 } }, "spec.registrar.maxExpires missing | at least minExpires"],
    [
      { registrar: { maxExpires: 600 } },
      "spec.registrar.defaultExpires missing | a number from minExpires to maxExpires",
    ],
    [{ trasport: [] }, `spec.trasport not a known property | one of ${SPEC_PROPERTIES} | transport`],
    [{ logging: { level: 1 } }, "spec.logging.level not a known property | traceLevel"],
  ];
  for (const [spec, expected] of table) assert.deepEqual(problemsOfSpec(spec), [expected]);
});

const SPEC_PROPERTIES =
  "bindAddr, externAddr, localnets, recordRoute, useToAsAOR, registrarIntf, addressInfo, accessControlList, " +
  "transport, restService, securityContext, dataSource, logging, cdr, digestAlgorithms, allowUnauthenticatedCalls, " +
  "interDomainCalls, maxContacts, strictListeners, nameServers, registrar, access, limits, grpcService, ex_rtpEngine, ex_kafka, " +
  "ex_kafkaPublisher, ex_logsDriver, ex_convertTelToE164, ex_uniqueGatewayPerHostPort";

Deno.test("what is outside of spec is checked too", () => {
  assert.deepEqual(problemsOf({}), ["apiVersion missing | one of v1beta1, v1.0, v1"]);
  assert.deepEqual(problemsOf({ apiVersion: "v1", metadata: { userAgent: "a\r\nb" } }), [
    'metadata.userAgent "a\\r\\nb" | printable ASCII text',
  ]);
  assert.deepEqual(problemsOf({ apiVersion: "v1", specs: {} }), [
    "specs not a known property | one of apiVersion, metadata, spec | spec",
  ]);
});

Deno.test("all problems are told at once", () => {
  assert.equal(
    problemsOf({ spec: { bindAddr: "x", logging: { traceLevel: "x" }, colour: 1, transport: {} } }).length,
    6,
  );
});
