import assert from "node:assert/strict";
import { readCommandLine } from "../../../src/cli/command_line.ts";
import { completionScript } from "../../../src/cli/completion.ts";

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

Deno.test("Commands of the server keep their arguments", () => {
  assert.deepEqual(readCommandLine([]), { kind: "start", directory: undefined });
  assert.deepEqual(readCommandLine(["check", "-c", "x"]), { kind: "check", directory: "x" });
  assert.deepEqual(readCommandLine(["init", "x"]), { kind: "init", directory: "x" });
  assert.deepEqual(readCommandLine(["schema", "agent"]), { kind: "schema", of: "agent" });
  assert.deepEqual(readCommandLine(["version"]), { kind: "version" });
});

/** Returns the text that a command prints. */
function help(...args: string[]): string {
  const command = readCommandLine(args);
  assert.ok(command.kind === "help", command.kind);
  return command.text;
}

Deno.test("Each command has a help of its own, by `help` before it or --help behind it", () => {
  assert.match(help("help"), /^Usage: routr \[--config DIR\]/);
  const all = help("--help");
  for (const [, command] of all.matchAll(/^(?: {7}routr| {2}) ?(\w+) /gm)) {
    const own = help("help", command);
    assert.match(own, new RegExp(`^Usage: routr (?:\\[?${command})`), command);
    assert.equal(help(command, "--help"), own);
    assert.notEqual(own, all);
  }
  assert.match(help("apply", "-f", "x", "-h"), /--dry-run +print the changes without making them/);
  assert.match(help("help", "del"), /^Usage: routr delete/);
  assert.equal(readCommandLine(["help", "fetch"]).kind, "mistake");
});

Deno.test("bash completes commands, types, options and their values", async () => {
  const command = readCommandLine(["completion", "bash"]);
  assert.ok(command.kind === "completion");
  const script = completionScript(command.shell);
  const complete = async (...words: string[]) => {
    const line = `COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}`;
    const text = `set -eu\n${script}\n${line}\n_routr\nprintf '%s\\n' "\${COMPREPLY[@]}"`;
    const { code, stdout, stderr } = await new Deno.Command("bash", { args: ["-c", text] }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout).trim().split("\n");
  };
  assert.deepEqual(await complete("routr", "re"), ["registry", "restart"]);
  assert.deepEqual(await complete("routr", "un"), ["unban"]);
  assert.deepEqual(await complete("routr", "why", "1001", "--o"), ["--output"]);
  assert.deepEqual(await complete("routr", "get", "ag"), ["agents"]);
  assert.deepEqual(await complete("routr", "apply", "--p"), ["--prune"]);
  assert.deepEqual(await complete("routr", "get", "agents", "-o", "y"), ["yaml"]);
  assert.deepEqual(await complete("routr", "completion", "f"), ["fish"]);
});

Deno.test("There is a completion for other shells, too", () => {
  assert.match(completionScript("zsh"), /^#compdef routr\n/);
  assert.match(completionScript("fish"), /^complete -c routr .* -a apply /m);
  assert.equal(readCommandLine(["completion", "csh"]).kind, "mistake");
  assert.equal(readCommandLine(["completion"]).kind, "mistake");
});
