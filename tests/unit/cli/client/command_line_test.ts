import assert from "node:assert/strict";
import { readCommandLine } from "../../../../src/cli/command_line.ts";

const MISTAKES: readonly (readonly [string, RegExp])[] = [
  ["login", /^URL is missing: routr login URL/],
  ["login a b", /^Unexpected argument "b"$/],
  ["login a --token x", /^--token is not for login/],
  ["logout --url x", /^--url is not for logout/],
  ["get", /^TYPE is missing: routr get TYPE/],
  ["get agnets", /^There is no type "agnets", did you mean agents\?$/],
  ["get xyz", /^There is no type "xyz", only users, peers, gateways, dids, numbers, domains, agents$/],
  ["get agents 1 2", /^Unexpected argument "2"$/],
  ["get agents ag1 --filter *", /^Either REF or --filter, not both$/],
  ["get agents -o xml", /^Unknown output "xml", expected json or yaml$/],
  ["get agents --now", /^--now is not for get/],
  ["get agents --config x", /^--config is not for get$/],
  ["create", /^-f is missing: routr create -f FILE$/],
  ["apply x.yaml", /^Unexpected argument "x.yaml"$/],
  ["delete agents", /^Which ones\? Name a REF, or --filter/],
  ["stop now", /^Unexpected argument "now"$/],
  ["start --filter x", /^--filter is not for start$/],
  ["check --yes", /^--yes is not for check$/],
  ["get agents --colour", /--colour/],
  ["fetch", /^Unknown command "fetch"$/],
];

for (const [line, expected] of MISTAKES) {
  Deno.test(`routr ${line} is a mistake`, () => {
    const command = readCommandLine(line.split(" "));
    assert.ok(command.kind === "mistake", command.kind);
    assert.match(command.message, expected);
  });
}

Deno.test("The verbs of the predecessor are understood by their short names", () => {
  const verbs = ["crea -f -", "del agent ag1", "loc", "reg"].map((line) => readCommandLine(line.split(" ")));
  assert.deepEqual(verbs.map((command) => command.kind === "client" && command.verb), [
    "create",
    "delete",
    "locate",
    "registry",
  ]);
});

Deno.test("Types are understood in any case, singular and plural", () => {
  for (const type of ["agent", "Agents", "DID", "numbers", "number", "gateway", "users"]) {
    assert.equal(readCommandLine(["get", type]).kind, "client", type);
  }
});

Deno.test("What the server's commands were given stays as it was", () => {
  assert.deepEqual(readCommandLine([]), { kind: "start", directory: undefined });
  assert.deepEqual(readCommandLine(["check", "-c", "x"]), { kind: "check", directory: "x" });
  assert.deepEqual(readCommandLine(["init", "x"]), { kind: "init", directory: "x" });
  assert.deepEqual(readCommandLine(["schema", "agent"]), { kind: "schema", of: "agent" });
  assert.deepEqual(readCommandLine(["get", "agents", "--help"]), { kind: "help" });
  assert.deepEqual(readCommandLine(["version"]), { kind: "version" });
});
