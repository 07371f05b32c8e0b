import assert from "node:assert/strict";
import { describeValue, type Fault, faultOf, formatFault, formatPath } from "../../../src/data/fault.ts";

const FAULT: Fault = {
  file: "config/agents.yaml",
  line: 7,
  column: 14,
  property: "spec.domains[0]",
  found: '"exmaple.org"',
  expected: "one of the configured domains",
  nearest: "example.org",
};

Deno.test("formatFault() names file, line, column, property, what was found, expected, and probably meant", () => {
  assert.equal(
    formatFault(FAULT),
    'config/agents.yaml:7:14: spec.domains[0] is "exmaple.org", expected one of the configured domains ' +
      '(did you mean "example.org"?)',
  );
});

Deno.test("formatFault() leaves out what is not known", () => {
  const { file, property, found, expected } = FAULT;
  assert.equal(
    formatFault({ file, property, found, expected }),
    'config/agents.yaml: spec.domains[0] is "exmaple.org", expected one of the configured domains',
  );
  assert.equal(
    formatFault({
      file,
      line: 3,
      column: 1,
      property: "",
      found: "a tab as indentation",
      expected: "spaces",
    }),
    "config/agents.yaml:3:1: found a tab as indentation, expected spaces",
  );
});

Deno.test("faultOf() adds the place to a problem", () => {
  const problem = { path: ["spec", "port"], at: "value", found: "missing", expected: "a port" } as const;
  assert.deepEqual(faultOf(problem, { file: "config.yaml", position: { line: 2, column: 3 } }), {
    file: "config.yaml",
    line: 2,
    column: 3,
    property: "spec.port",
    found: "missing",
    expected: "a port",
  });
});

Deno.test("formatPath() writes positions in brackets", () => {
  assert.equal(formatPath(["spec", "transport", 0, "port"]), "spec.transport[0].port");
  assert.equal(formatPath([]), "");
});

Deno.test("describeValue() tells values by kind and cuts long ones", () => {
  const table: [unknown, string][] = [
    [undefined, "missing"],
    [null, "empty"],
    [[], "an empty list"],
    [["x"], "a list"],
    [{ secret: "x" }, "a mapping"],
    [5060, "5060"],
    [true, "true"],
    ["", '""'],
    ['a "b"', '"a \\"b\\""'],
    ["x".repeat(100), `"${"x".repeat(60)}…"`],
  ];
  for (const [value, expected] of table) assert.equal(describeValue(value, ["spec", "host"]), expected);
});

Deno.test("describeValue() shows no secrets", () => {
  const secretPaths = [
    ["spec", "credentials", "secret"],
    ["spec", "credentials"],
    ["spec", "credentials", "ha1", 0, "md5"],
    ["spec", "credentials", "ha1", 0, "SHA-256"],
    ["spec", "credentials", "ha1", 0],
    ["spec", "restService", "keyStorePassword"],
    ["spec", "restService", "trueStorePassword"],
    ["spec", "restService", "salt"],
    ["spec", "restService", "initialApiSecret"],
    ["spec", "ex_kafka", "saslJaasConfig"],
    ["spec", "dataSource", "parameters"],
    ["spec", "dataSource", "parameters", "secret"],
  ];
  for (const path of secretPaths) {
    assert.equal(describeValue("hunter2", path), "a hidden value", path.join("."));
  }
  assert.equal(describeValue("http://admin:hunter2@host/", ["baseUrl"]), '"http://admin:…@host/"');
  assert.equal(describeValue("sip:john:hunter2@host", ["aorLink"]), '"sip:john:…@host"');
});
