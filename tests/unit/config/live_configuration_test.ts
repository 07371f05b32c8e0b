import assert from "node:assert/strict";
import { configurationSchema } from "../../../src/config/configuration.ts";
import {
  changeConfiguration,
  changedProperties,
  type CurrentConfiguration,
  livePart,
} from "../../../src/config/live_configuration.ts";
import { redacted } from "../../../src/config/shown_configuration.ts";

function current(spec: Record<string, unknown>): CurrentConfiguration {
  const document = { apiVersion: "v1beta1", spec };
  return { document, config: configurationSchema.parse(document) };
}

function changed(before: CurrentConfiguration, changes: unknown) {
  const change = changeConfiguration(before, changes);
  assert.equal(change.kind, "done", JSON.stringify(change));
  return change as Extract<typeof change, { kind: "done" }>;
}

Deno.test("properties that are sent take the place of those that are there, and the others stay", () => {
  const before = current({ maxContacts: "3", registrar: { minExpires: 60, maxExpires: 4000 } });
  const { config, document } = changed(before, { spec: { registrar: { maxExpires: 5000 } } });
  assert.equal(config.maxContacts, 3);
  assert.equal(config.registrar.minExpires, 60);
  assert.equal(config.registrar.maxExpires, 5000);
  assert.deepEqual(document, {
    apiVersion: "v1beta1",
    spec: { maxContacts: "3", registrar: { minExpires: 60, maxExpires: 5000 } },
  });
});

Deno.test("null takes a property away, and its default is in force", () => {
  const before = current({ logging: { traceLevel: 3 } });
  assert.equal(changed(before, { spec: { logging: null } }).config.logging.traceLevel, 0);
});

Deno.test("the configuration that a change is made for stays as it is", () => {
  const before = current({ maxContacts: 3 });
  const text = JSON.stringify(before);
  changed(before, { spec: { maxContacts: 4 } });
  assert.equal(JSON.stringify(before), text);
});

Deno.test("what only a new start takes over is named, and nothing is changed", () => {
  const changes = {
    metadata: { userAgent: "x" },
    spec: { maxContacts: 4, restService: { port: 1 }, bindAddr: "10.0.0.1" },
  };
  const change = changeConfiguration(current({}), changes);
  assert.equal(change.kind, "fixed");
  assert.ok(change.kind === "fixed");
  for (const name of ["metadata.userAgent", "spec.bindAddr", "spec.restService"]) {
    assert.ok(change.properties.includes(name), `${name} of ${change.properties}`);
  }
  assert.ok(!change.properties.includes("spec.maxContacts"));
});

Deno.test("what is fixed may be sent as it is, in another spelling as well", () => {
  const before = current({ restService: { port: "4567" }, recordRoute: "yes" });
  changed(before, {
    kind: "Config",
    apiVersion: "v1beta1",
    spec: { restService: { port: 4567 }, recordRoute: true },
  });
});

Deno.test("what was shown may be sent back, though its secrets are hidden", () => {
  const before = current({
    restService: { salt: "c2VjcmV0c2VjcmV0c2VjcmV0", keyStorePassword: "s3cr3t" },
    dataSource: { provider: "redis_data_provider", parameters: "host=redis,secret=s3cr3t" },
  });
  const shown = redacted(before.document) as Record<string, Record<string, unknown>>;
  const { document } = changed(before, { ...shown, spec: { ...shown.spec, maxContacts: 7 } });
  const { spec } = before.document as { spec: object };
  assert.deepEqual(document, { apiVersion: "v1beta1", spec: { ...spec, maxContacts: 7 } });
});

Deno.test("faults are told with their place, and without secrets", () => {
  const change = changeConfiguration(current({}), {
    spec: { maxContacts: "many", restService: { salt: ["s3cr3t"] }, toString: {} },
  });
  assert.ok(change.kind === "faulty");
  assert.deepEqual(change.problems.map(({ path }) => path.join(".")).sort(), [
    "spec.maxContacts",
    "spec.restService.salt",
    "spec.toString",
  ]);
  assert.ok(!JSON.stringify(change).includes("s3cr3t"));
});

Deno.test("something else than a mapping is a fault", () => {
  for (const changes of [null, "text", 7, []]) {
    assert.equal(changeConfiguration(current({}), changes).kind, "faulty", JSON.stringify(changes));
  }
});

Deno.test("limits of calls are live, the other limits are not", () => {
  const before = current({ limits: { maxCallsOutPerAgent: 7, maxConnections: 100 } });
  const { config, changed: names } = changed(before, {
    spec: { limits: { maxCallsOutPerAgent: "unlimited", maxCallSeconds: 60 } },
  });
  assert.deepEqual(names, ["spec.limits"]);
  assert.deepEqual(
    [config.limits.maxCallsOutPerAgent, config.limits.maxCallSeconds, config.limits.maxConnections],
    [0, 60, 100],
  );
  const fixed = changeConfiguration(before, { spec: { limits: { maxConnections: 200 } } });
  assert.deepEqual(fixed, { kind: "fixed", properties: ["spec.limits"] });
});

Deno.test("of limits that were edited in the file, those of calls hold at once", () => {
  const before = current({ limits: { maxConnections: 100 } }).config;
  const after = current({ limits: { maxConnections: 200, channelsPerGateway: 8 } }).config;
  assert.deepEqual(changedProperties(before, after), { live: ["limits"], fixed: ["limits"] });
  const { limits } = livePart(after, before);
  assert.deepEqual([limits.maxConnections, limits.channelsPerGateway], [100, 8]);
});
