import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { hashOfA1 } from "../../../../src/data/ha1.ts";
import { SHIPPED_SECRET } from "../../../../src/data/user.ts";
import { Attempts } from "../../../../src/rest/access/attempts.ts";
import { Authentication } from "../../../../src/rest/access/authentication.ts";
import { Tokens } from "../../../../src/rest/access/tokens.ts";
import { HttpError } from "../../../../src/rest/http/http_error.ts";
import type { Client } from "../../../../src/rest/operation.ts";
import { configureLogging } from "../../../../src/runtime/log.ts";
import { Metrics } from "../../../../src/runtime/metrics.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { userOf, Users } from "./users.ts";

const OUTSIDE: Client = { address: "192.0.2.1", isLoopback: false };
const HERE: Client = { address: "127.0.0.1", isLoopback: true };
const URL_OF_AGENTS = "https://localhost:4567/api/v1beta1/agents";
const CHALLENGE = 'Basic realm="routr", charset="UTF-8", Bearer realm="routr"';
const LIFETIME_SECONDS = 3600;

const admin = userOf("admin", { secret: "sesame" });
const shipped = userOf("shipped", { secret: SHIPPED_SECRET });
const hashed = userOf("hashed", {
  ha1: { md5: hashOfA1("MD5", { username: "hashed", realm: "routr", secret: "apple" }) },
});

function start() {
  const clock = new FakeClock();
  const users = new Users(admin, shipped, hashed);
  const metrics = new Metrics();
  const told: unknown[] = [];
  const tokens = new Tokens({
    key: new Uint8Array(32).fill(7),
    lifetimeSeconds: LIFETIME_SECONDS,
    acceptsBare: false,
    user: users.find,
    now: () => clock.wallTime(),
  });
  const authentication = new Authentication({
    tokens,
    attempts: new Attempts(clock),
    metrics,
    user: users.find,
    onFailure: ({ address }, { username, reason }) => told.push([address, username, reason]),
  });
  const send = (headers: Record<string, string>, client = OUTSIDE, url = URL_OF_AGENTS) =>
    authentication.authenticate(new Request(url, { headers }), client);
  return {
    clock,
    tokens,
    told,
    send,
    basic: (username: string, password: string, client = OUTSIDE) =>
      send(basicOf(username, password), client),
    bearer: (token: string, client = OUTSIDE) => send({ authorization: `Bearer ${token}` }, client),
    count: (name: string) => metrics.snapshot()[`routr_rest_${name}_total`],
  };
}

type Started = ReturnType<typeof start>;

function basicOf(username: string, password: string): { authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}` };
}

/** Returns the status, message and fields of a refusal. */
async function refusalOf(answer: Promise<unknown>) {
  const error: unknown = await answer.then((user) => user, (error) => error);
  assert.ok(error instanceof HttpError, "It is not refused");
  const { status, message, headers, details } = error;
  return { status, message, headers, details };
}

const UNAUTHORIZED = {
  status: 401,
  message: "Unauthorized",
  headers: { "www-authenticate": CHALLENGE },
  details: [],
};

const tooMany = (seconds: number) => ({
  status: 429,
  message: "Too many wrong passwords",
  headers: { "retry-after": String(seconds) },
  details: [],
});

async function failOften({ basic }: Started, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    assert.deepEqual(await refusalOf(basic("admin", `wrong ${i}`)), UNAUTHORIZED);
  }
}

Deno.test("a user logs in by name and secret, kept as it is or as a hash", async () => {
  const { basic, send } = start();
  assert.equal(await basic("admin", "sesame"), admin);
  assert.equal(await basic("hashed", "apple"), hashed);
  const { authorization } = basicOf("admin", "sesame");
  assert.equal(await send({ authorization: authorization.replace("Basic ", "bAsIC  ") }), admin);
});

Deno.test("names and secrets are UTF-8, and a secret may have colons", async () => {
  const zoe = userOf("Zoë", { secret: "schlüssel:大:" });
  const authentication = new Authentication({
    tokens: start().tokens,
    attempts: new Attempts(new FakeClock()),
    metrics: new Metrics(),
    user: new Users(zoe).find,
  });
  const request = new Request(URL_OF_AGENTS, { headers: basicOf("Zoë", "schlüssel:大:") });
  assert.equal(await authentication.authenticate(request, OUTSIDE), zoe);
});

Deno.test("a token comes as Bearer or in the query; Authorization takes precedence", async () => {
  const { tokens, bearer, send } = start();
  const token = await tokens.issue(admin);
  const inQuery = `${URL_OF_AGENTS}?filter=*&token=${token}`;
  assert.equal(await bearer(token), admin);
  assert.equal(await send({}, OUTSIDE, inQuery), admin);
  assert.equal(await send({ authorization: "Digest x" }, OUTSIDE, inQuery), admin);
  assert.equal(await send(basicOf("hashed", "apple"), OUTSIDE, inQuery), hashed);
  assert.deepEqual(await refusalOf(send(basicOf("hashed", "pear"), OUTSIDE, inQuery)), UNAUTHORIZED);
});

Deno.test("a request without credentials is challenged, however often, and causes no event", async () => {
  const started = start();
  const { send, count, told, basic } = started;
  const nothing = [{}, { authorization: "" }, { authorization: "Bearer" }, { authorization: "Digest x" }];
  for (let i = 0; i < 20; i++) {
    for (const headers of nothing) {
      assert.deepEqual(await refusalOf(send(headers as Record<string, string>)), UNAUTHORIZED);
    }
    assert.deepEqual(await refusalOf(send({}, OUTSIDE, `${URL_OF_AGENTS}?token=`)), UNAUTHORIZED);
  }
  assert.equal(count("authentication_failures"), 0);
  assert.deepEqual(told, []);
  assert.equal(await basic("admin", "sesame"), admin);
});

Deno.test("an unknown user and a wrong secret are refused alike, from the first to the delayed", async () => {
  const cases: [string, string][] = [["admin", "wrong"], ["hashed", "wrong"], ["nobody", "wrong"], [
    "nobody",
    "",
  ], ["", ""]];
  // From outside the shipped secret counts as wrong.
  cases.push(["shipped", SHIPPED_SECRET], ["shipped", "wrong"]);
  const answers = await Promise.all(cases.map(async ([username, password]) => {
    const { basic, count, clock } = start();
    const list: unknown[] = [];
    for (let i = 0; i < 14; i++) {
      list.push(
        await refusalOf(basic(username, password)),
        count("authentication_failures"),
        count("throttled"),
      );
      clock.advance(1000);
    }
    return list;
  }));
  for (const list of answers) assert.deepEqual(list, answers[0]);
  assert.deepEqual(answers[0].slice(0, 3), [UNAUTHORIZED, 1, 0]);
  assert.deepEqual(answers[0].slice(-3), [tooMany(3), 12, 2]);
});

Deno.test("credentials that cannot be read are wrong ones", async () => {
  const { send, count } = start();
  const unreadable = ["!!!!", "Og==", "OjpB", Buffer.from("admin").toString("base64"), "/////w==", "AAAA"];
  for (const text of unreadable) {
    assert.deepEqual(await refusalOf(send({ authorization: `Basic ${text}` })), UNAUTHORIZED, text);
  }
  assert.equal(count("authentication_failures"), unreadable.length);
});

Deno.test("after ten wrong passwords their address waits, and the right one waits as well", async () => {
  const started = start();
  const { basic, clock, count } = started;
  await failOften(started, 10);
  assert.deepEqual(await refusalOf(basic("admin", "wrong")), tooMany(1));
  assert.deepEqual(await refusalOf(basic("admin", "sesame")), tooMany(1));
  assert.equal(await basic("admin", "sesame", { address: "192.0.2.2", isLoopback: false }), admin);
  clock.advance(999);
  assert.deepEqual(await refusalOf(basic("admin", "sesame")), tooMany(1));
  clock.advance(1);
  await failOften(started, 1);
  assert.deepEqual(await refusalOf(basic("admin", "sesame")), tooMany(2));
  clock.advance(2000);
  assert.equal(await basic("admin", "sesame"), admin);
  assert.equal(count("authentication_failures"), 11);
  assert.equal(count("throttled"), 4);
});

Deno.test("a correct password does not reset the failures of its address", async () => {
  const started = start();
  const { basic } = started;
  await failOften(started, 9);
  assert.equal(await basic("admin", "sesame"), admin);
  await failOften(started, 1);
  assert.deepEqual(await refusalOf(basic("admin", "sesame")), tooMany(1));
});

Deno.test("forged tokens count like wrong passwords", async () => {
  const { bearer, basic, count } = start();
  for (let i = 0; i < 10; i++) assert.deepEqual(await refusalOf(bearer(`a.b.${i}`)), UNAUTHORIZED);
  assert.deepEqual(await refusalOf(bearer("a.b.c")), tooMany(1));
  assert.deepEqual(await refusalOf(basic("admin", "sesame")), tooMany(1));
  assert.equal(count("authentication_failures"), 10);
  assert.equal(count("throttled"), 2);
});

Deno.test("a token that was good once is refused without a delay, however often it comes", async () => {
  const { bearer, basic, tokens, clock, count } = start();
  const token = await tokens.issue(admin);
  clock.advance(LIFETIME_SECONDS * 1000);
  for (let i = 0; i < 30; i++) assert.deepEqual(await refusalOf(bearer(token)), UNAUTHORIZED);
  assert.equal(count("authentication_failures"), 30);
  assert.equal(await basic("admin", "sesame"), admin);
});

Deno.test("a right token is good while its address waits", async () => {
  const started = start();
  const { tokens, bearer, basic } = started;
  const token = await tokens.issue(admin);
  await failOften(started, 10);
  assert.deepEqual(await refusalOf(basic("admin", "sesame")), tooMany(1));
  assert.equal(await bearer(token), admin);
});

Deno.test("a user with the shipped secret may log in from this host only, by token too", async () => {
  const { basic, bearer, tokens } = start();
  assert.equal(await basic("shipped", SHIPPED_SECRET, HERE), shipped);
  const token = await tokens.issue(shipped);
  assert.equal(await bearer(token, HERE), shipped);
  assert.deepEqual(await refusalOf(basic("shipped", SHIPPED_SECRET)), UNAUTHORIZED);
  assert.deepEqual(await refusalOf(bearer(token)), UNAUTHORIZED);
});

Deno.test("each failure is reported with its address, the sent name and the reason", async () => {
  const { basic, bearer, told } = start();
  await refusalOf(basic("admin", "wrong"));
  await refusalOf(basic("nobody", "wrong"));
  await refusalOf(bearer("a.b.c"));
  assert.deepEqual(told, [
    ["192.0.2.1", "admin", 'user "admin": wrong secret'],
    ["192.0.2.1", "nobody", 'user "nobody": there is no such user'],
    ["192.0.2.1", "", "a token that was not issued here"],
  ]);
});

Deno.test("each step of a delay is logged once, by the address and without name or secret", async () => {
  const started = start();
  const { basic, clock } = started;
  const lines: string[] = [];
  const { warn } = console;
  console.warn = (...words: unknown[]) => void lines.push(words.join(" "));
  try {
    configureLogging({ level: "info", format: "text" });
    await failOften(started, 10);
    for (let i = 0; i < 5; i++) await refusalOf(basic("admin", "sesame"));
    clock.advance(1000);
    await failOften(started, 1);
  } finally {
    console.warn = warn;
  }
  assert.deepEqual(lines.map((line) => line.replace(/^\S+ /, "")), [
    "warning rest: 192.0.2.1 has sent too many wrong passwords or tokens: it waits 1 seconds",
    "warning rest: 192.0.2.1 has sent too many wrong passwords or tokens: it waits 2 seconds",
  ]);
});
