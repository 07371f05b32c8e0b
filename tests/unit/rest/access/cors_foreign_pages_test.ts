import assert from "node:assert/strict";
import { Attempts } from "../../../../src/rest/access/attempts.ts";
import { Authentication } from "../../../../src/rest/access/authentication.ts";
import { isForeign } from "../../../../src/rest/access/cors.ts";
import { Tokens } from "../../../../src/rest/access/tokens.ts";
import { Metrics } from "../../../../src/runtime/metrics.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { userOf } from "./users.ts";

const CONSOLE = "https://console.example.com";
const ELSEWHERE = "https://elsewhere.example";
const USERS = "https://pbx.example.com:4567/api/v1beta1/users";
const CLIENT = { address: "192.0.2.1", isLoopback: false };
const PASSWORD = `Basic ${btoa("admin:s3cr3t")}`;

interface Sent {
  readonly origin?: string;
  readonly method?: string;
  readonly authorization?: string;
}

function requestOf({ origin, method = "POST", authorization }: Sent): Request {
  const headers = {
    ...origin !== undefined && { origin },
    ...authorization !== undefined && { authorization },
  };
  return new Request(USERS, { method, headers });
}

function rig() {
  const admin = userOf("admin", { secret: "s3cr3t" });
  const user = (username: string) => username === "admin" ? admin : undefined;
  const key = new Uint8Array(32);
  const tokens = new Tokens({ key, lifetimeSeconds: 60, acceptsBare: false, user, now: () => 0 });
  const authentication = new Authentication({
    tokens,
    attempts: new Attempts(new FakeClock()),
    metrics: new Metrics(),
    user,
    isForeign: (request) => isForeign(request, [CONSOLE]),
  });
  const nameOf = async (sent: Sent) => (await authentication.authenticate(requestOf(sent), CLIENT)).username;
  return { nameOf, token: () => tokens.issue(admin) };
}

Deno.test("a change is foreign when a page of another origin sends it", () => {
  for (const origin of [ELSEWHERE, "https://pbx.example.com", `${CONSOLE}.evil.example`, "null", ""]) {
    assert.equal(isForeign(requestOf({ origin }), [CONSOLE]), true, origin);
  }
  for (const method of ["PUT", "DELETE"]) {
    assert.equal(isForeign(requestOf({ origin: ELSEWHERE, method }), []), true);
  }
});

Deno.test("pages of the service and of given origins are not foreign, nor are other programs", () => {
  // A TLS proxy in front of the service changes the scheme.
  for (const origin of [undefined, CONSOLE, "https://pbx.example.com:4567", "http://pbx.example.com:4567"]) {
    assert.equal(isForeign(requestOf(origin === undefined ? {} : { origin }), [CONSOLE]), false, origin);
  }
});

Deno.test("reading is not foreign: its answer is kept from the page", () => {
  for (const method of ["GET", "HEAD", "OPTIONS"]) {
    assert.equal(isForeign(requestOf({ origin: ELSEWHERE, method }), []), false, method);
  }
});

Deno.test("a password that a browser adds to the change of a foreign page does not count", async () => {
  const { nameOf } = rig();
  const authorization = PASSWORD;
  await assert.rejects(nameOf({ origin: ELSEWHERE, authorization }), { name: "HttpError", status: 403 });
  assert.equal(await nameOf({ origin: ELSEWHERE, method: "GET", authorization }), "admin");
  assert.equal(await nameOf({ origin: CONSOLE, authorization }), "admin");
  assert.equal(await nameOf({ authorization }), "admin");
});

Deno.test("a foreign page learns nothing of a password by changes", async () => {
  const { nameOf } = rig();
  const refused = await nameOf({ origin: ELSEWHERE, authorization: PASSWORD }).catch((error) => error);
  const wrong = { origin: ELSEWHERE, authorization: `Basic ${btoa("admin:wrong")}` };
  assert.deepEqual(await nameOf(wrong).catch((error) => error), refused);
});

Deno.test("a foreign page may change things by a token", async () => {
  const { nameOf, token } = rig();
  assert.equal(await nameOf({ origin: ELSEWHERE, authorization: `Bearer ${await token()}` }), "admin");
});
