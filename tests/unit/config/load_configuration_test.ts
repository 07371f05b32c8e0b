import assert from "node:assert/strict";
import type { Environment } from "../../../src/config/environment.ts";
import { resourceFolder } from "../../../src/config/data_source.ts";
import { loadConfiguration, type LoadedConfiguration } from "../../../src/config/load_configuration.ts";
import { formatFault } from "../../../src/data/fault.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";

function load(folder: TemporaryFolder, env: Environment = {}): Promise<LoadedConfiguration> {
  return loadConfiguration({ directory: folder.path, env, executableDirectory: folder.pathOf("bin") });
}

async function faultsOf(text: string, env: Environment = {}): Promise<string[]> {
  await using folder = await TemporaryFolder.of({ "config.yaml": text });
  const { faults, config } = await load(folder, env);
  assert.equal(config === undefined, faults.length > 0);
  return faults.map((fault) => formatFault(fault).replace(`${folder.path}/`, ""));
}

Deno.test("without a file, everything has its default", async () => {
  const contents: Record<string, string>[] = [{}, { "config.yaml": "" }, { "config.yaml": "# nothing\n" }];
  for (const files of contents) {
    await using folder = await TemporaryFolder.of(files);
    const { config, source, faults, warnings } = await load(folder);
    assert.equal(config?.restService.port, 4567);
    assert.equal(source.directory, folder.path);
    assert.deepEqual({ faults, warnings }, { faults: [], warnings: [] });
  }
});

Deno.test("config.yaml is read, or config.yml where there is none", async () => {
  const yml = "apiVersion: v1\nspec: {bindAddr: 127.0.0.2}\n";
  await using folder = await TemporaryFolder.of({ "config.yml": yml });
  const first = await load(folder);
  assert.equal(first.config?.bindAddr, "127.0.0.2");
  assert.equal(first.source.file, folder.pathOf("config.yml"));
  await folder.write("config.yaml", yml.replace("127.0.0.2", "127.0.0.3"));
  const second = await load(folder);
  assert.equal(second.config?.bindAddr, "127.0.0.3");
  assert.deepEqual(second.warnings, [
    `${folder.pathOf("config.yml")} is ignored, because there is ${folder.pathOf("config.yaml")}`,
  ]);
});

Deno.test("all faults of the file are told with their places", async () => {
  const text = `apiVersion: v1beta1
spec:
  bindAddr: 0.0.0
  transport:
    - protocol: udp
    - protocol: tcp
      port: 0x5060
  restServise:
    port: 4567
  securityContext:
    keyStorePassword: [hunter2]
`;
  const faults = await faultsOf(text);
  assert.deepEqual(faults.slice(0, 4), [
    'config.yaml:3:13: spec.bindAddr is "0.0.0", expected an IP address',
    "config.yaml:5:7: spec.transport[0].port is missing, expected a whole number between 0 and 65535",
    'config.yaml:7:13: spec.transport[1].port is "0x5060", expected a whole number between 0 and 65535',
    "config.yaml:11:23: spec.securityContext.keyStorePassword is a list, expected a password",
  ]);
  assert.match(
    faults[4],
    /^config\.yaml:8:3: spec\.restServise is not a known property, .*\(did you mean "restService"\?\)$/,
  );
  assert.equal(faults.length, 5);
});

Deno.test("a file that is not YAML is told", async () => {
  assert.deepEqual(await faultsOf("apiVersion: v1\napiVersion: v1\n"), [
    "config.yaml:2:1: found a property for the second time, expected each property once",
  ]);
});

Deno.test("the environment wins over the file, and the prefix over no prefix", async () => {
  const text = `apiVersion: v1beta1
spec:
  externAddr: 203.0.113.1
  localnets: [10.0.0.0/8, 172.16.0.0/12]
  recordRoute: true
  registrarIntf: External
  restService: {port: 1, timeOutMillis: 2, trueStore: a}
`;
  await using folder = await TemporaryFolder.of({ "config.yaml": text });
  const { config } = await load(folder, {
    EXTERN_ADDR: "203.0.113.2",
    ROUTR_EXTERN_ADDR: "203.0.113.3",
    LOCALNETS: "192.168.0.0/16, 127.0.0.0/8",
    RECORD_ROUTE: "false",
    REGISTRAR_INTF: "Internal",
    ROUTR_REST_SERVICE_PORT: "4568",
    REST_SERVICE_TIMEOUT_MILLIS: "7",
    REST_SERVICE_TRUST_STORE: "b",
    USER_AGENT: "",
  });
  assert.deepEqual(config?.externAddr, { host: "203.0.113.3" });
  assert.deepEqual(config?.localnets, ["192.168.0.0/16", "127.0.0.0/8"]);
  assert.equal(config?.recordRoute, false);
  assert.equal(config?.registrarIntf, "Internal");
  assert.equal(config?.restService.port, 4568);
  assert.equal(config?.restService.timeoutMillis, 7);
  assert.equal(config?.restService.trustStore, "b");
  assert.equal(config?.userAgent, "Routr v1.0");
});

Deno.test("every variable sets its property", async () => {
  const table: [variable: string, value: string, path: string, expected: unknown][] = [
    ["USER_AGENT", "x", "userAgent", "x"],
    ["BIND_ADDR", "127.0.0.1", "bindAddr", "127.0.0.1"],
    ["EXTERN_ADDR", "host.example:1", "externAddr", { host: "host.example", port: 1 }],
    ["LOCALNETS", "10.0.0.0/8,::1", "localnets", ["10.0.0.0/8", "::1"]],
    ["RECORD_ROUTE", "true", "recordRoute", true],
    ["USE_TO_AS_AOR", "true", "useToAsAOR", true],
    ["REGISTRAR_INTF", "internal", "registrarIntf", "Internal"],
    ["ACCESS_CONTROL_LIST_DENY", "0.0.0.0/0", "accessControlList.deny", ["0.0.0.0/0"]],
    ["ACCESS_CONTROL_LIST_ALLOW", "10.0.0.1,10.0.0.2", "accessControlList.allow", ["10.0.0.1", "10.0.0.2"]],
    ["REST_SERVICE_BIND_ADDR", "127.0.0.1", "restService.bindAddr", "127.0.0.1"],
    ["REST_SERVICE_PORT", "1", "restService.port", 1],
    ["REST_SERVICE_MIN_THREADS", "1", "restService.minThreads", 1],
    ["REST_SERVICE_MAX_THREADS", "1", "restService.maxThreads", 1],
    ["REST_SERVICE_TIMEOUT_MILLIS", "1", "restService.timeoutMillis", 1],
    ["REST_SERVICE_UNSECURED", "true", "restService.unsecured", true],
    ["REST_SERVICE_KEY_STORE", "k", "restService.keyStore", "k"],
    ["REST_SERVICE_KEY_STORE_PASSWORD", "p", "restService.keyStorePassword", "p"],
    ["REST_SERVICE_TRUST_STORE", "t", "restService.trustStore", "t"],
    ["REST_SERVICE_TRUST_STORE_PASSWORD", "p", "restService.trustStorePassword", "p"],
    ["SALT", "s", "restService.salt", "s"],
    ["SALT_FILE", "f", "restService.saltFile", "f"],
    ["INITIAL_API_SECRET", "s", "restService.initialApiSecret", "s"],
    ["SECURITY_CONTEXT_KEY_STORE", "k", "securityContext.keyStore", "k"],
    ["SECURITY_CONTEXT_KEY_STORE_PASSWORD", "p", "securityContext.keyStorePassword", "p"],
    ["SECURITY_CONTEXT_KEY_STORE_TYPE", "pkcs12", "securityContext.keyStoreType", "pkcs12"],
    ["SECURITY_CONTEXT_TRUST_STORE", "t", "securityContext.trustStore", "t"],
    ["SECURITY_CONTEXT_TRUST_STORE_PASSWORD", "p", "securityContext.trustStorePassword", "p"],
    ["SECURITY_CONTEXT_CLIENT_AUTH_TYPE", "Want", "securityContext.client.authType", "Want"],
    ["SECURITY_CONTEXT_CLIENT_PROTOCOLS", "TLSv1.2,TLSv1.3", "securityContext.client.protocols", [
      "TLSv1.2",
      "TLSv1.3",
    ]],
    ["SECURITY_CONTEXT_DEBUGGING", "true", "securityContext.debugging", true],
    ["DS_PROVIDER", "redis_data_provider", "dataSource.provider", "redis_data_provider"],
    ["DATA_SOURCE_PROVIDER", "redis_data_provider", "dataSource.provider", "redis_data_provider"],
    ["DS_PARAMETERS", "path=/", "dataSource.parameters", { path: "/" }],
    ["DATA_SOURCE_PARAMETERS", "path=/", "dataSource.parameters", { path: "/" }],
    ["EX_RTP_ENGINE_ENABLED", "true", "ex_rtpEngine.enabled", true],
    ["EX_RTP_ENGINE_PROTO", "https", "ex_rtpEngine.proto", "https"],
    ["EX_RTP_ENGINE_HOST", "h", "ex_rtpEngine.host", "h"],
    ["EX_RTP_ENGINE_PORT", "1", "ex_rtpEngine.port", 1],
    ["EX_KAFKA_ENABLED", "true", "ex_kafka.enabled", true],
    ["EX_KAFKA_BOOTSTRAP_SERVERS", "h:1,i:2", "ex_kafka.bootstrapServers", "h:1,i:2"],
    ["EX_KAFKA_SECURITY_PROTOCOL", "p", "ex_kafka.securityProtocol", "p"],
    ["EX_KAFKA_SASL_MECHANISM", "m", "ex_kafka.saslMechanism", "m"],
    ["EX_KAFKA_SASL_JAAS_CONFIG", "c", "ex_kafka.saslJaasConfig", "c"],
    ["EX_KAFKA_TOPIC", "t", "ex_kafka.topic", "t"],
    ["LOGS_DRIVER_HOST", "h", "ex_logsDriver.host", "h"],
    ["LOGS_DRIVER_PORT", "1", "ex_logsDriver.port", 1],
    ["EX_CONVERT_TEL_TO_E164", "true", "ex_convertTelToE164", true],
    ["EX_UNIQUE_GATEWAY_PER_HOST_PORT", "true", "ex_uniqueGatewayPerHostPort", true],
  ];
  await using folder = await TemporaryFolder.of({});
  for (const [variable, value, path, expected] of table) {
    for (const name of [variable, `ROUTR_${variable}`]) {
      const { config, faults } = await load(folder, { [name]: value });
      assert.deepEqual(faults, [], name);
      let found: unknown = config;
      for (const step of path.split(".")) found = (found as Record<string, unknown>)[step];
      assert.deepEqual(found, expected, name);
    }
  }
});

Deno.test("bad values in the environment are told of their variable", async () => {
  const faults = await faultsOf("", {
    ROUTR_RECORD_ROUTE: "maybe",
    LOCALNETS: "10.0.0.0/8,home",
    DS_PROVIDER: "redis_data_provider",
    DS_PARAMETERS: "port=abc,secret=hunter2",
    REST_SERVICE_PORT: "99999",
  });
  assert.deepEqual(faults, [
    'environment: LOCALNETS[1] is "home", expected an IP address, a network such as 192.168.0.0/16, or one such as ' +
    "192.168.0.0/255.255.0.0",
    'environment: ROUTR_RECORD_ROUTE is "maybe", expected true, false or never',
    "environment: REST_SERVICE_PORT is 99999, expected a whole number between 0 and 65535".replace(
      "99999",
      '"99999"',
    ),
    'environment: DS_PARAMETERS.port is "abc", expected a whole number between 1 and 65535',
  ]);
  assert.deepEqual(await faultsOf("", { DATA_SOURCE_PARAMETERS: "hunter2" }), [
    "environment: DATA_SOURCE_PARAMETERS is a hidden value, expected a mapping, or name=value pairs with commas between",
  ]);
});

Deno.test("a folder of resources that is named must exist", async () => {
  const text = "apiVersion: v1\nspec:\n  dataSource:\n    parameters:\n      path: /nowhere/at/all\n";
  assert.deepEqual(await faultsOf(text), [
    'config.yaml:5:13: spec.dataSource.parameters.path is "/nowhere/at/all", expected an existing folder',
  ]);
});

Deno.test("a relative folder of resources is one of the working directory, or else beside config.yaml", async () => {
  const text = "apiVersion: v1\nspec: {dataSource: {parameters: {path: PATH}}}\n";
  await using folder = await TemporaryFolder.of({ "config.yaml": text.replace("PATH", "resources") });
  await Deno.mkdir(folder.pathOf("resources"));
  const beside = await load(folder);
  assert.equal(folderOf(beside), folder.pathOf("resources"));
  assert.deepEqual(beside.warnings, []);
  // The working directory has such a folder, too.
  await folder.write("config.yaml", text.replace("PATH", "src"));
  assert.equal(folderOf(await load(folder)), "src");
  await Deno.mkdir(folder.pathOf("src"));
  const both = await load(folder);
  assert.equal(folderOf(both), "src");
  assert.deepEqual(both.warnings, [
    `spec.dataSource.parameters.path: ${Deno.cwd()}/src is used, and not ${folder.pathOf("src")}`,
  ]);

  function folderOf({ config, source }: LoadedConfiguration): string | undefined {
    assert.ok(config?.dataSource.provider === "files_data_provider");
    return resourceFolder(config.dataSource.parameters, source.directory);
  }
});

Deno.test("parameters of the data source that are empty are absent, as text and as a mapping", async () => {
  const parameters = [
    "host=10.0.0.5,secret=,username=,",
    "{host: 10.0.0.5, secret: '', username: ~, port: null}",
  ];
  for (const each of parameters) {
    const spec = `{dataSource: {provider: redis_data_provider, parameters: ${
      each.startsWith("{") ? each : JSON.stringify(each)
    }}}`;
    await using folder = await TemporaryFolder.of({ "config.yaml": `apiVersion: v1\nspec: ${spec}\n` });
    const { config, faults } = await load(folder);
    assert.deepEqual(faults, []);
    assert.ok(config?.dataSource.provider === "redis_data_provider");
    const { host, port, secret, username } = config.dataSource.parameters;
    assert.deepEqual([host, port, secret, username], ["10.0.0.5", 6379, undefined, undefined]);
  }
});

Deno.test("a rule that is half of everything is a warning", async () => {
  const text = "apiVersion: v1\nspec: {accessControlList: {deny: [0.0.0.0/1]}}\n";
  await using folder = await TemporaryFolder.of({ "config.yaml": text });
  assert.deepEqual((await load(folder)).warnings, [
    "spec.accessControlList: rule 0.0.0.0/1 covers only half of the IPv4 addresses, up to 127.255.255.255; " +
    "all of them are 0.0.0.0/0",
  ]);
});

Deno.test("what stands for nothing in the environment is nothing", async () => {
  const env = {
    EXTERN_ADDR: "no-op",
    LOCALNETS: "[]",
    ACCESS_CONTROL_LIST_DENY: "",
    ROUTR_ACCESS_CONTROL_LIST_ALLOW: "  ",
    BIND_ADDR: '""',
    USER_AGENT: "",
    SALT: "",
    DS_PARAMETERS: "",
    EX_KAFKA_SASL_JAAS_CONFIG: "",
  };
  await using folder = await TemporaryFolder.of({});
  const { config, faults, warnings } = await load(folder, env);
  assert.deepEqual({ faults, warnings }, { faults: [], warnings: [] });
  assert.equal(config?.externAddr, undefined);
  assert.deepEqual(config?.localnets, []);
  assert.equal(config?.bindAddr, "0.0.0.0");
  assert.equal(config?.restService.salt, undefined);
});

Deno.test("lists in the environment may look like those of files, and like those that charts print", async () => {
  await using folder = await TemporaryFolder.of({});
  const written = [
    "10.0.0.0/8,192.168.0.0/16",
    "[10.0.0.0/8, 192.168.0.0/16]",
    '["10.0.0.0/8","192.168.0.0/16"]',
    "[10.0.0.0/8 192.168.0.0/16]",
    '"10.0.0.0/8, 192.168.0.0/16"',
    "10.0.0.0/8 192.168.0.0/16,",
  ];
  for (const LOCALNETS of written) {
    const { config } = await load(folder, { LOCALNETS, SECURITY_CONTEXT_CLIENT_PROTOCOLS: "[TLSv1.2]" });
    assert.deepEqual(config?.localnets, ["10.0.0.0/8", "192.168.0.0/16"], LOCALNETS);
    assert.deepEqual(config?.securityContext.client.protocols, ["TLSv1.2"]);
  }
  const { faults } = await load(folder, { LOCALNETS: "[10.0.0.0/8, somewhere]" });
  assert.match(formatFault(faults[0]), /^environment: LOCALNETS\[1\] is "somewhere", expected an IP address/);
});

Deno.test("a value in quotes, as env files keep them, is what is in the quotes; secrets stay as they are", async () => {
  await using folder = await TemporaryFolder.of({});
  const { config } = await load(folder, {
    EXTERN_ADDR: '"203.0.113.7"',
    RECORD_ROUTE: "'true'",
    REST_SERVICE_KEY_STORE_PASSWORD: '"changeit"',
  });
  assert.equal(config?.externAddr?.host, "203.0.113.7");
  assert.equal(config?.recordRoute, true);
  assert.equal(config?.restService.keyStorePassword, '"changeit"');
});

Deno.test("an empty value is the same as none, in the file and in parameters", async () => {
  const text = `apiVersion: v1beta1
metadata: { userAgent: '' }
spec:
  externAddr: ""
  localnets: ['', 10.0.0.0/8, ~]
  accessControlList: { allow: , deny: [] }
  restService: { keyStore: ' ', trustStore: null, salt: "" }
  securityContext:
  dataSource:
    provider: redis_data_provider
    parameters: host=redis,port=,secret=,
`;
  await using folder = await TemporaryFolder.of({ "config.yaml": text });
  const { config, faults } = await load(folder);
  assert.deepEqual(faults.map(formatFault), []);
  assert.equal(config?.userAgent, "Routr v1.0");
  assert.equal(config?.externAddr, undefined);
  assert.deepEqual(config?.localnets, ["10.0.0.0/8"]);
  assert.equal(config?.restService.keyStore, undefined);
  const { parameters } = config!.dataSource;
  assert.deepEqual({ ...parameters, timeout: 0 }, {
    host: "redis",
    port: 6379,
    db: 0,
    tls: false,
    max_retry: -1,
    retry_interval: 2,
    timeout: 0,
  });
});

Deno.test("variables under their former names are refused with the name of now, misspelt ones are a warning", async () => {
  await using folder = await TemporaryFolder.of({});
  const { config, faults } = await load(folder, {
    SIPIO_EXTERN_ADDR: "203.0.113.7",
    ARKE_DS_PROVIDER: "redis_data_provider",
    // The salt is still read by its former name.
    ARKE_SALT: "c2FsdHNhbHRzYWx0c2FsdA==",
    SIPIO_LOCALNETS: "",
  });
  assert.equal(config, undefined);
  assert.deepEqual(faults.map(formatFault).toSorted(), [
    "environment: ARKE_DS_PROVIDER is a former name, expected DS_PROVIDER",
    "environment: SIPIO_EXTERN_ADDR is a former name, expected EXTERN_ADDR",
  ]);
  const { warnings } = await load(folder, {
    ROUTR_EXTERNADDR: "203.0.113.7",
    ROUTR_SERVICE_HOST: "10.0.0.1",
  });
  assert.deepEqual(warnings, ["ROUTR_EXTERNADDR has no effect; did you mean ROUTR_EXTERN_ADDR?"]);
});

Deno.test("what has no effect says so, unless it is switched off", async () => {
  const text = (enabled: boolean) =>
    `apiVersion: v1beta1
spec:
  grpcService: { bind: 0.0.0.0, port: 50099 }
  restService: { minThreads: 8 }
  ex_rtpEngine:
    enabled: ${enabled}
    host: rtpengine
    bridgeParams: { webToSip: { ICE: remove, 'rtcp-mux': demux } }
  ex_kafka: { enabled: ${enabled}, topic: routr }
  ex_kafkaPublisher: { topic: routr, host: kafka }
`;
  await using folder = await TemporaryFolder.of({ "config.yaml": text(true) });
  const properties = async () =>
    (await load(folder)).warnings.map((warning) => /^(\S+) has no effect: ./.exec(warning)?.[1]);
  const always = ["spec.grpcService", "spec.ex_kafkaPublisher", "spec.restService.minThreads"];
  assert.deepEqual(
    (await properties()).toSorted(),
    [...always, "spec.ex_kafka", "spec.ex_rtpEngine"].toSorted(),
  );
  await folder.write("config.yaml", text(false));
  assert.deepEqual((await properties()).toSorted(), always.toSorted());
});

Deno.test("externAddr without localnets is a warning", async () => {
  await using folder = await TemporaryFolder.of({});
  const { warnings } = await load(folder, { EXTERN_ADDR: "203.0.113.7" });
  assert.match(warnings.join(), /^spec\.externAddr without spec\.localnets: /);
  const both = await load(folder, { EXTERN_ADDR: "203.0.113.7", LOCALNETS: "10.0.0.0/8" });
  assert.deepEqual(both.warnings, []);
});
