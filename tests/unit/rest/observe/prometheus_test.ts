import assert from "node:assert/strict";
import { prometheusText } from "../../../../src/rest/observe/prometheus.ts";
import { Metrics } from "../../../../src/runtime/metrics.ts";
import { ladder } from "../../../support/scenario.ts";
import { readExposition } from "./exposition.ts";

/** Returns the metrics as Prometheus reads them. */
function readBack(metrics: Metrics, version = "1.2.3") {
  return readExposition(prometheusText(metrics, version));
}

Deno.test("Every counter and gauge is exported as it is now", () => {
  const metrics = new Metrics();
  metrics.counter("routr_calls_total", "Calls").value = 3;
  let active = 1;
  metrics.gauge("routr_calls_active", "Calls now", () => active);
  active = 2;
  const families = readBack(metrics);
  assert.deepEqual(families.get("routr_calls_total"), {
    help: "Calls",
    type: "counter",
    samples: [{ labels: {}, value: 3 }],
  });
  assert.deepEqual(families.get("routr_calls_active"), {
    help: "Calls now",
    type: "gauge",
    samples: [{ labels: {}, value: 2 }],
  });
});

Deno.test("Backslashes, line ends and quotes in descriptions and labels are read back as they were", () => {
  const help = 'a "path" C:\\new\nand a second line \\';
  const version = 'v1\\n"x"\n}';
  const metrics = new Metrics();
  metrics.counter("routr_odd_total", help);
  const families = readBack(metrics, version);
  assert.equal(families.get("routr_odd_total")?.help, help);
  assert.deepEqual(families.get("routr_info")?.samples, [{ labels: { version }, value: 1 }]);
});

Deno.test("Any number is read back as it was", () => {
  const numbers = [0, -1, 0.1, 1e-9, 1e21, 2 ** 53, Infinity, -Infinity, NaN];
  for (const number of numbers) {
    const metrics = new Metrics();
    metrics.gauge("routr_number", "A number", () => number);
    assert.deepEqual(readBack(metrics).get("routr_number")?.samples[0].value, number);
  }
});

Deno.test("The process reports its CPU time, memory and start time", () => {
  const families = readBack(new Metrics());
  const value = (name: string) => families.get(name)?.samples[0].value ?? NaN;
  assert.equal(families.get("process_cpu_seconds_total")?.type, "counter");
  assert.ok(value("process_cpu_seconds_total") > 0 && value("process_cpu_seconds_total") < 1e6);
  assert.ok(value("process_resident_memory_bytes") > 1e6);
  assert.ok(value("process_heap_bytes") > 1e5);
  assert.ok(value("process_start_time_seconds") <= Date.now() / 1000);
  assert.ok(value("process_start_time_seconds") > Date.UTC(2020, 0) / 1000);
});

Deno.test("Only the version has a label", () => {
  const metrics = new Metrics();
  metrics.counter("routr_calls_total", "Calls");
  const labelled = [...readBack(metrics)].filter(([, { samples }]) =>
    samples.some(({ labels }) => Object.keys(labels).length > 0)
  );
  assert.deepEqual(labelled.map(([name]) => name), ["routr_info"]);
});

Deno.test(
  "The numbers of a whole server follow the conventions of names",
  ladder((net) => {
    const families = [...readBack(net.server.metrics)].filter(([name]) => !name.startsWith("process_"));
    assert.ok(families.length > 10, `${families.length} numbers`);
    for (const [name, { type, help = "" }] of families) {
      assert.match(name, /^routr_[a-z][a-z0-9_]*[a-z0-9]$/);
      assert.equal(name.endsWith("_total"), type === "counter", name);
      assert.match(help, /^[A-Z].*[^.\s]$/, name);
    }
  }),
);

Deno.test("The reader of these tests refuses a malformed exposition", () => {
  const table: [text: string, reason: RegExp][] = [
    ["a 1", /has no end/],
    ["a 1\n\n", /No name/],
    ["a-b 1\n", /No value/],
    ["a one\n", /A bad value/],
    ["a 1\n# TYPE a counter\n", /TYPE too late/],
    ["# TYPE a number\na 1\n", /A bad type/],
    ["a 1\nb 1\na 2\n", /two places/],
    ["a 1\na 2\n", /twice/],
    ["# HELP a \\x\na 1\n", /bad escape/],
    ['a{b="c} 1\n', /No label value/],
    ['a{b="c"d="e"} 1\n', /No end of labels/],
  ];
  for (const [text, reason] of table) assert.throws(() => readExposition(text), reason, text);
});
