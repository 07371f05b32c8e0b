/** `routr unban` and `routr why`. */
import assert from "node:assert/strict";
import { ClientHome } from "../client_run.ts";
import { type Answers, enveloped, FakeService } from "../fake_service.ts";

async function ran(answers: Answers, args: readonly string[]) {
  await using service = new FakeService(answers);
  await using home = await ClientHome.create();
  await home.logIn(service.apiUrl);
  return { ...await home.run(args), calls: service.calls };
}

const DIAGNOSIS = {
  what: "192.0.2.7",
  kind: "address",
  summary: "192.0.2.7 is banned for another 60 min, because of wrong password by udp",
  facts: ["Not trusted", "A message came 3 s ago"],
  refusals: [{
    time: "2026-01-01T00:00:00.000Z",
    address: "192.0.2.7",
    port: 5062,
    transport: "udp",
    method: "REGISTER",
    status: 401,
    cause: "wrong password: 1001\x1b[2J in realm sip.local",
  }],
};

Deno.test("unban lifts as many bans as there are, and fails when there is one too few", async () => {
  const answers = {
    "DELETE /bans/192.0.2.7": () => ({}),
    "DELETE /bans/2001:db8::/64": () => ({}),
    "DELETE /bans/192.0.2.8": () => enveloped(404, "192.0.2.8 is not banned"),
  };
  const all = await ran(answers, ["unban", "192.0.2.7", "2001:db8::/64"]);
  assert.equal(all.status, 0);
  assert.deepEqual(all.calls, ["DELETE /bans/192.0.2.7", "DELETE /bans/2001:db8::/64"]);
  assert.equal(all.out, "192.0.2.7 is not banned any more\n2001:db8::/64 is not banned any more");
  const some = await ran(answers, ["unban", "192.0.2.8", "192.0.2.7"]);
  assert.equal(some.status, 1);
  assert.equal(some.out, "192.0.2.7 is not banned any more");
  assert.match(some.err, /1 of 2 could not be lifted\n {2}192\.0\.2\.8: .*is not banned/);
});

Deno.test("unban and why ask for what they are about", async () => {
  assert.match((await ran({}, ["unban"])).err, /^ADDRESS is missing/);
  assert.match((await ran({}, ["why"])).err, /^WHAT is missing/);
  assert.match((await ran({}, ["why", "1001", "1002"])).err, /^Unexpected argument "1002"/);
});

Deno.test("why prints the verdict first, then what it is based on, and what was refused", async () => {
  const { status, out } = await ran({ "GET /why/sip:1001@sip.local": () => DIAGNOSIS }, [
    "why",
    "sip:1001@sip.local",
  ]);
  assert.equal(status, 0);
  const [summary, empty, ...facts] = out.split("\n");
  assert.equal(summary, `${DIAGNOSIS.summary}.`);
  assert.equal(empty, "");
  assert.deepEqual(facts.slice(0, 2), ["- Not trusted", "- A message came 3 s ago"]);
  assert.match(
    out,
    /\n\nRefused lately:\nTIME .*\n2026-01-01T00:00:00\.000Z +REGISTER +192\.0\.2\.7 +5062 +udp +401 +wrong password: 1001\\u001b/,
  );
});

Deno.test("why prints the whole answer as JSON and YAML", async () => {
  const answers = { "GET /why/192.0.2.7": () => DIAGNOSIS };
  assert.deepEqual(JSON.parse((await ran(answers, ["why", "192.0.2.7", "-o", "json"])).out), DIAGNOSIS);
  assert.match(
    (await ran(answers, ["why", "192.0.2.7", "-o", "yaml"])).out,
    /^what: 192\.0\.2\.7\nkind: address\n/,
  );
});

Deno.test("why says when the service does not know the question", async () => {
  const { status, err } = await ran({
    "GET /why/1001": () => enveloped(400, "Bad request: expected an IP address"),
  }, [
    "why",
    "1001",
  ]);
  assert.equal(status, 1);
  assert.match(err, /expected an IP address/);
});
