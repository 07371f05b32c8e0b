/** `routr create`, `apply` and `delete`. */
import assert from "node:assert/strict";
import {
  agentDocument,
  didDocument,
  domainDocument,
  gatewayDocument,
} from "../../../../support/resources.ts";
import { ClientHome, type RunOptions } from "../client_run.ts";
import { type Answers, enveloped, FakeService, type ServiceRequest } from "../fake_service.ts";

interface Given extends RunOptions {
  readonly answers?: readonly string[];
  /** The content of the file for `-f`. */
  readonly file?: string | object;
}

/** Runs a command against a service with these answers. */
async function ran(answers: Answers, args: readonly string[], { file, ...options }: Given = {}) {
  await using service = new FakeService(answers);
  await using home = await ClientHome.create();
  await home.logIn(service.apiUrl);
  if (file !== undefined) {
    await home.folder.write("given.yaml", typeof file === "string" ? file : JSON.stringify(file));
  }
  const result = await home.run(
    args.map((arg) => arg === "FILE" ? home.folder.pathOf("given.yaml") : arg),
    options,
  );
  const path = home.folder.pathOf("given.yaml");
  return {
    ...result,
    err: result.err.replaceAll(path, "FILE"),
    requests: service.requests,
    calls: service.calls,
  };
}

const CREATE = ["create", "-f", "FILE"];
const APPLY = ["apply", "-f", "FILE"];

/** The status in the form of this server. */
const OURS = {
  "GET /system/status": () => Response.json({ status: "Up", message: "up", data: "up", result: "up" }),
};
const LATE = { "GET /system/status": () => Response.json({ status: 200, message: "up", data: "up" }) };

const created = (ref: unknown) => () => enveloped(201, "Created", ref);

Deno.test("One resource is created as it is in the file", async () => {
  const text = `apiVersion: v1beta1
kind: Agent
metadata: { name: Jane }
spec:
  credentials: { username: 0042, secret: 1e3 }
  domains: [sip.local]
`;
  const { status, out, requests } = await ran({ "POST /agents": created("ag1") }, CREATE, { file: text });
  assert.deepEqual([status, out], [0, "agent/ag1 created"]);
  assert.equal(requests.length, 1);
  assert.equal(requests[0].headers.get("content-type"), "application/json");
  assert.deepEqual(requests[0].body, {
    apiVersion: "v1beta1",
    kind: "Agent",
    metadata: { name: "Jane" },
    spec: { credentials: { username: "0042", secret: "1e3" }, domains: ["sip.local"] },
  });
});

Deno.test("Resources of a kind are created at once, after those that they refer to", async () => {
  const [agents, domain] = [[agentDocument("1001"), agentDocument("1002")], domainDocument("sip.local")];
  const answers = { ...OURS, "POST /agents": created(["ag1", "ag2"]), "POST /domains": created("dm1") };
  const { out, calls, requests } = await ran(answers, CREATE, { file: [...agents, domain] });
  assert.deepEqual(calls, ["GET /system/status", "POST /domains", "POST /agents"]);
  assert.deepEqual(requests[2].body, agents);
  assert.deepEqual(out.split("\n"), ["domain/dm1 created", "agent/ag1 created", "agent/ag2 created"]);
});

Deno.test("A service of the predecessor gets one at a time", async () => {
  const agents = [agentDocument("1001"), agentDocument("1002")];
  const { requests } = await ran({ ...LATE, "POST /agents": created("ag1") }, CREATE, { file: agents });
  assert.deepEqual(requests.slice(1).map(({ body }) => body), agents);
});

Deno.test("Numbers go where numbers are, DIDs where DIDs are", async () => {
  const number = { ...didDocument("dd1"), kind: "number" };
  const { calls } = await ran({ "POST /numbers": created("dd1") }, CREATE, { file: number });
  assert.deepEqual(calls, ["POST /numbers"]);
});

for (
  const [what, file, expected] of [
    ["is empty", "# nothing\n", "routr: There is nothing in FILE"],
    ["is no YAML", "a: [1\nb: 2", /^routr: FILE:\d+:\d+: found .*, expected /],
    [
      "has what is no resource",
      "- 7\n- kind: Agnet\n- metadata: {}\n",
      /^routr: Cannot use FILE\n {2}\/0: expected a mapping.*\n {2}\/1: There is no type "Agnet".*\n {2}\/2: the kind is missing$/,
    ],
  ] as const
) {
  Deno.test(`Nothing is sent of a file that ${what}`, async () => {
    const { status, err, calls } = await ran({}, CREATE, { file });
    assert.equal(status, 1);
    if (typeof expected === "string") assert.equal(err, expected);
    else assert.match(err, expected);
    assert.deepEqual(calls, []);
  });
}

Deno.test("A missing file is reported", async () => {
  const { status, err } = await ran({}, CREATE);
  assert.equal(status, 1);
  assert.match(err, /^routr: Cannot read FILE: /);
});

/** Returns the answers of a service with these agents. */
function agentsThere(agents: readonly object[]): Answers {
  return {
    ...OURS,
    "GET /agents": () => agents,
    "POST /agents": created("new"),
    "PUT /agents/ag1": () => "ag1",
  };
}

Deno.test("apply changes the resource with the same natural key, and sends its ref", async () => {
  const there = { ...agentDocument("O'Neill"), metadata: { ref: "ag1", name: "Before" } };
  const { out, calls, requests } = await ran(agentsThere([there]), APPLY, { file: agentDocument("O'Neill") });
  assert.deepEqual(calls, ["GET /agents", "PUT /agents/ag1"]);
  assert.equal(requests[0].query.filter, "@.spec.credentials.username in ['O\\'Neill','o\\'neill']");
  assert.deepEqual(requests[1].body, {
    ...agentDocument("O'Neill"),
    metadata: { name: "Agent O'Neill", ref: "ag1" },
  });
  assert.equal(out, "agent/ag1 changed");
});

Deno.test("apply creates an agent whose name is only taken in another domain", async () => {
  const there = { ...agentDocument("1001", { domains: ["other.local"] }), metadata: { ref: "ag1" } };
  const { out, calls } = await ran(agentsThere([there]), APPLY, { file: agentDocument("1001") });
  assert.deepEqual(calls, ["GET /agents", "POST /agents"]);
  assert.equal(out, "agent/new created");
});

Deno.test("apply finds a resource by its ref first", async () => {
  const gateway = gatewayDocument("gw1", { host: "new.provider.net" });
  const answers = { "GET /gateways/gw1": () => gatewayDocument("gw1"), "PUT /gateways/gw1": () => "gw1" };
  const { out, calls } = await ran(answers, APPLY, { file: gateway });
  assert.deepEqual(calls, ["GET /gateways/gw1", "PUT /gateways/gw1"]);
  assert.equal(out, "gateway/gw1 changed");
});

Deno.test("apply of a ref that is not there looks for the natural key", async () => {
  const answers = { "GET /gateways": () => [gatewayDocument("gw1")], "PUT /gateways/gw1": () => "gw1" };
  const { calls, requests } = await ran(answers, APPLY, { file: gatewayDocument("other") });
  assert.deepEqual(calls, ["GET /gateways/other", "GET /gateways", "PUT /gateways/gw1"]);
  assert.equal(requests[1].query.filter, "@.spec.host=='sip.provider.net'");
});

Deno.test("apply refuses to choose between several", async () => {
  const answers = { "GET /gateways": () => [gatewayDocument("gw1"), gatewayDocument("gw2")] };
  const { status, err, calls } = await ran(answers, APPLY, { file: gatewayDocument(undefined) });
  assert.equal(status, 1);
  assert.match(err, /^routr: There are 2 gateways with spec\.host "sip\.provider\.net": give metadata\.ref$/);
  assert.deepEqual(calls, ["GET /gateways"]);
});

Deno.test("JSON keeps its nulls, which take properties away", async () => {
  const peer = { apiVersion: "v1beta1", kind: "Peer", metadata: { ref: "pr1" }, spec: { device: null } };
  const answers = { "GET /peers/pr1": () => peer, "PUT /peers/pr1": () => "pr1" };
  const { requests } = await ran(answers, APPLY, { file: peer });
  assert.deepEqual(requests[1].body, peer);
});

const TWO = [agentDocument("1001"), agentDocument("1002")].map((document, i) => ({
  ...document,
  metadata: { ref: `ag${i + 1}`, name: "x" },
}));
const DELETED = {
  "GET /agents": () => TWO,
  "DELETE /agents/ag1": () => null,
  "DELETE /agents/ag2": () => null,
};
const DELETE = ["delete", "agents", "--filter", "@.x=='y'"];

Deno.test("delete by a ref does not ask", async () => {
  const { status, out, calls } = await ran(DELETED, ["delete", "agent", "ag1"]);
  assert.deepEqual([status, out, calls], [0, "agent/ag1 deleted", ["DELETE /agents/ag1"]]);
});

Deno.test("delete by a filter lists the resources and asks", async () => {
  const declined = await ran(DELETED, DELETE, { answers: ["no"] });
  assert.equal(declined.status, 1);
  assert.match(
    declined.err,
    /^REF .*\nag1 .*\nag2 .*\nDelete these 2 agents\? \(yes\/no\) \nroutr: Nothing was deleted$/,
  );
  assert.deepEqual(declined.calls, ["GET /agents"]);

  const agreed = await ran(DELETED, DELETE, { answers: ["yes"] });
  assert.equal(agreed.out, "agent/ag1 deleted\nagent/ag2 deleted");
  assert.equal(agreed.requests[0].query.filter, "@.x=='y'");
});

Deno.test("delete by a filter needs --yes without a terminal", async () => {
  const refused = await ran(DELETED, DELETE);
  assert.equal(refused.status, 2);
  assert.deepEqual(refused.calls, ["GET /agents"]);
  const agreed = await ran(DELETED, [...DELETE, "--yes"]);
  assert.deepEqual(agreed.calls, ["GET /agents", "DELETE /agents/ag1", "DELETE /agents/ag2"]);
});

Deno.test("delete by a filter continues after a refusal, and reports it", async () => {
  const refuse = (_request: ServiceRequest) => enveloped(409, "Found one or more dependent objects");
  const { status, out, err } = await ran({ ...DELETED, "DELETE /agents/ag1": refuse }, [...DELETE, "-y"]);
  assert.equal(status, 1);
  assert.equal(out, "agent/ag2 deleted");
  assert.equal(err, "routr: 1 of 2 could not be deleted\n  agent/ag1: Found one or more dependent objects");
});

/** A service with two agents, one of which is in the file beside a new one. */
const TWO_AGENTS = {
  ...OURS,
  "GET /agents": ({ query: { filter } }: ServiceRequest) =>
    ["1001", "1002"].filter((username) => filter === "*" || filter.includes(`'${username}'`))
      .map((username, i) => ({ ...agentDocument(username), metadata: { ref: `ag${i + 1}` } })),
  "PUT /agents/ag1": () => enveloped(200, "Successful request", "ag1"),
  "POST /agents": created("ag3"),
  "DELETE /agents/ag2": () => enveloped(200, "Successful request", null),
};
const FILE = [agentDocument("1001"), agentDocument("1003")];

Deno.test("apply --dry-run prints the changes without making them", async () => {
  const { status, out, calls } = await ran(TWO_AGENTS, [...APPLY, "--dry-run", "--prune"], { file: FILE });
  assert.equal(status, 0);
  assert.deepEqual(out.split("\n"), [
    "agent/ag1 would be changed",
    "agent/1003 would be created",
    "agent/ag2 would be deleted",
  ]);
  assert.ok(calls.every((call) => call.startsWith("GET ")), calls.join());
});

Deno.test("apply --prune deletes other resources of the kinds in the file", async () => {
  const { status, out, calls } = await ran(TWO_AGENTS, [...APPLY, "--prune", "--yes"], { file: FILE });
  assert.equal(status, 0);
  assert.deepEqual(out.split("\n"), ["agent/ag1 changed", "agent/ag3 created", "agent/ag2 deleted"]);
  assert.equal(calls.at(-1), "DELETE /agents/ag2");
});

Deno.test("apply --prune asks first, and changes nothing without a terminal", async () => {
  const asked = await ran(TWO_AGENTS, [...APPLY, "--prune"], { file: FILE, answers: ["no"] });
  assert.equal(asked.status, 1);
  assert.ok(!asked.calls.some((call) => call.startsWith("DELETE ")));
  const alone = await ran(TWO_AGENTS, [...APPLY, "--prune"], { file: FILE });
  assert.equal(alone.status, 2);
  assert.deepEqual(alone.calls, []);
});
