/** `routr get`, `locate`, `registry`, `calls` and `bans`. */
import assert from "node:assert/strict";
import { readYaml } from "../../../../../src/data/yaml/yaml_reader.ts";
import {
  agentDocument,
  didDocument,
  domainDocument,
  gatewayDocument,
} from "../../../../support/resources.ts";
import { ClientHome } from "../client_run.ts";
import { type Answers, enveloped, FakeService } from "../fake_service.ts";

/** Runs a command against a service with these answers. */
async function ran(answers: Answers, args: readonly string[]) {
  await using service = new FakeService(answers);
  await using home = await ClientHome.create();
  await home.logIn(service.apiUrl);
  return { ...await home.run(args), requests: service.requests, calls: service.calls };
}

const agent = (ref: string, username: string, name = "Jane") => ({
  apiVersion: "v1beta1",
  kind: "Agent",
  metadata: { ref, name },
  spec: { credentials: { username }, domains: ["sip.local", "pbx.local"] },
});

Deno.test("A list is a table with a row for each resource", async () => {
  const agents = [agent("ag1", "1001"), agent("agc300a1c6", "john", "John Doe")];
  const { status, out, requests: [{ headers, query }] } = await ran({ "GET /agents": () => agents }, [
    "get",
    "agents",
  ]);
  assert.equal(status, 0);
  assert.deepEqual(out.split("\n"), [
    "REF          NAME       USERNAME   DOMAINS",
    "ag1          Jane       1001       sip.local,pbx.local",
    "agc300a1c6   John Doe   john       sip.local,pbx.local",
  ]);
  assert.equal(headers.get("authorization"), "Bearer the-token");
  assert.equal(query.filter, "*");
  assert.equal(query.token, undefined);
});

for (
  const [type, document, row] of [
    ["did", didDocument("dd1", { telUrl: "tel:0123" }), /^dd1 +tel:0123 /],
    ["gateway", gatewayDocument("gw1", { host: "sip.provider.net" }), /^gw1 .*sip\.provider\.net/],
    ["domain", domainDocument("sip.local"), / sip\.local +-/],
  ] as const
) {
  Deno.test(`A ${type} has a row with what matters of it`, async () => {
    const { out } = await ran({ [`GET /${type}s`]: () => [document] }, ["get", type]);
    const [, line] = out.split("\n");
    assert.match(line, row);
  });
}

Deno.test("A list is read through all of its pages", async () => {
  const all = Array.from({ length: 2300 }, (_, i) => agent(`ag${i}`, String(i)));
  const page = ({ query }: { query: Readonly<Record<string, string>> }) => {
    const [number, size] = [Number(query.page), Number(query.itemsPerPage)];
    const meta = {
      currentPage: number,
      totalPages: Math.ceil(all.length / size),
      itemsPerPage: size,
      totalItems: all.length,
    };
    return enveloped(200, "Successful request", all.slice((number - 1) * size, number * size), { meta });
  };
  const { out, requests } = await ran({ "GET /agents": page }, ["get", "agents", "-o", "json"]);
  assert.deepEqual(JSON.parse(out), all);
  assert.deepEqual(requests.map(({ query }) => query.page), ["1", "2", "3"]);
});

Deno.test("A call is ended by its id", async () => {
  const ended = { "DELETE /calls/c1": () => enveloped(200, "Call ended.", null) };
  const { status, out, requests } = await ran(ended, ["hangup", "c1"]);
  assert.deepEqual([status, out, requests.length], [0, "call c1 ended", 1]);
  assert.equal((await ran({}, ["hangup", "c2"])).status, 1);
  assert.equal((await ran({}, ["hangup"])).status, 2);
});

Deno.test("A filter goes to the service as it is", async () => {
  const filter = "@.spec.credentials.username=='a&b'";
  const { requests: [{ query }], err, out } = await ran({ "GET /agents": () => [] }, [
    "get",
    "agents",
    "--filter",
    filter,
  ]);
  assert.equal(query.filter, filter);
  assert.equal(err, "There are no agents");
  assert.equal(out, "");
});

Deno.test("One resource by its ref is a row, or the object that it is", async () => {
  const answers = { "GET /agents/ag/1": () => agent("ag/1", "1001") };
  const table = await ran(answers, ["get", "agent", "ag/1"]);
  assert.match(table.out, /^REF .*\nag\/1 /);
  const json = await ran(answers, ["get", "agent", "ag/1", "-o", "json"]);
  assert.deepEqual(JSON.parse(json.out), agent("ag/1", "1001"));
});

Deno.test("YAML of a resource reads as the same resource again", async () => {
  const document = { ...agentDocument("0042"), metadata: { name: "on", ref: "0123" } };
  const { out } = await ran({ "GET /agents": () => [document] }, ["get", "agents", "-o", "yaml"]);
  assert.deepEqual((await readYaml(out)).value, [document]);
  assert.match(out, /ref: "0123"/);
});

Deno.test("A service of an early release is understood: result, and no pages", async () => {
  const answer = () => Response.json({ status: 200, message: "OK", result: [agent("ag1", "1001")] });
  const { out, status } = await ran({ "GET /agents": answer }, ["get", "agents"]);
  assert.equal(status, 0);
  assert.match(out, /\nag1 /);
});

for (const status of [401, "401"]) {
  Deno.test(`A refusal in the body of a 200 is one: ${JSON.stringify(status)}`, async () => {
    const answer = () => Response.json({ status, message: "Unauthorized" });
    const result = await ran({ "GET /agents": answer }, ["get", "agents"]);
    assert.equal(result.status, 1);
    assert.equal(result.err, "routr: Unauthorized: run routr login");
  });
}

Deno.test("Each contact of an address-of-record has a row", async () => {
  const contact = (uri: string) => ({ uri, address: "192.0.2.7", port: 5060, transport: "udp", expires: 60 });
  const locations = [
    {
      addressOfRecord: "sip:1001@sip.local",
      contactInfo: "…",
      contacts: [contact("sip:a@h"), contact("sip:b@h")],
    },
    { addressOfRecord: "sip:1002@sip.local", contactInfo: "sip:1002@192.0.2.8;nat=false;expires=60" },
  ];
  const { out } = await ran({ "GET /location": () => locations }, ["locate"]);
  assert.deepEqual(out.split("\n").map((line) => line.split(/ {2,}/)), [
    ["ADDRESS-OF-RECORD", "CONTACT", "ADDRESS", "PORT", "TRANSPORT", "EXPIRES"],
    ["sip:1001@sip.local", "sip:a@h", "192.0.2.7", "5060", "udp", "60"],
    ["sip:1001@sip.local", "sip:b@h", "192.0.2.7", "5060", "udp", "60"],
    ["sip:1002@sip.local", "sip:1002@192.0.2.8;nat=false;expires=60", "-", "-", "-", "-"],
  ]);
});

Deno.test("registry and calls list registrations and calls", async () => {
  const registry = await ran(
    {
      "GET /registry":
        () => [{ username: "u", host: "sip.provider.net", ip: "", expires: 3600, state: "failed" }],
    },
    ["registry"],
  );
  assert.match(registry.out, /\nu +sip\.provider\.net +- +failed +3600/);
  const call = {
    id: "c1",
    from: "sip:a@h",
    to: "sip:b@h",
    direction: "internal",
    state: "ringing",
    startedAt: 0,
  };
  const calls = await ran({ "GET /calls": () => [call] }, ["calls"]);
  assert.match(
    calls.out,
    /\nc1 +sip:a@h +sip:b@h +- +- +internal +ringing +1970-01-01T00:00:00\.000Z +- +-$/,
  );
  assert.equal((await ran({ "GET /calls": () => [] }, ["calls"])).err, "There are no calls");
});

Deno.test("bans lists banned networks, and says so when there are none", async () => {
  const ban = {
    address: "[2001:db8::9]",
    network: "2001:db8:0:0::/64",
    since: "2026-01-01T00:00:00.000Z",
    until: "2026-01-01T01:00:00.000Z",
    count: 2,
    reason: "wrong password by udp",
    users: ["1001@sip.local", "1002@sip.local"],
    isShared: false,
  };
  const { out } = await ran({ "GET /bans": () => [ban] }, ["bans"]);
  assert.deepEqual(out.split("\n").map((line) => line.split(/ {2,}/)), [
    ["NETWORK", "SINCE", "UNTIL", "TIMES", "REASON", "USERS", "SHARED"],
    [
      "2001:db8:0:0::/64",
      "2026-01-01T00:00:00.000Z",
      "2026-01-01T01:00:00.000Z",
      "2",
      "wrong password by udp",
      "1001@sip.local,1002@sip.local",
      "false",
    ],
  ]);
  const { out: json } = await ran({ "GET /bans": () => [ban] }, ["bans", "-o", "json"]);
  assert.deepEqual(JSON.parse(json), [ban]);
  assert.equal((await ran({ "GET /bans": () => [] }, ["bans"])).err, "Nobody is banned");
});

for (const output of ["table", "json", "yaml"]) {
  Deno.test(`Names chosen by strangers cannot control the terminal (${output})`, async () => {
    const name = "\x1b]0;evil\x07\u009b31m\u202e";
    const { out } = await ran({ "GET /agents": () => [agent("ag1", "1001", name)] }, [
      "get",
      "agents",
      "-o",
      output,
    ]);
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(out, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
    if (output === "json") assert.equal(JSON.parse(out)[0].metadata.name, name);
    if (output === "yaml") {
      const { value } = await readYaml(out);
      assert.equal((value as { metadata: { name: string } }[])[0].metadata.name, name);
    }
  });
}
