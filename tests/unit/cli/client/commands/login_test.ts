/** `routr login` and `logout`, and the choice of the service. */
import assert from "node:assert/strict";
import { ClientHome } from "../client_run.ts";
import { enveloped, FakeService, type ServiceRequest } from "../fake_service.ts";

const BASIC = `Basic ${btoa("admin:pässword".replace("ä", "\xc3\xa4"))}`;

/** Returns a service with one user and a token. */
function service(token = "h.p.s"): FakeService {
  return new FakeService({
    "GET /credentials": ({ headers }: ServiceRequest) =>
      headers.get("authorization") === BASIC ? new Response(`${token}\n`) : enveloped(401, "Unauthorized"),
    "GET /system/status": () => Response.json({ status: "Up", message: "up", data: "up", result: "up" }),
    "GET /agents": () => [],
  });
}

Deno.test("A login keeps URL and token for the owner only, as the predecessor's tool does", async () => {
  await using there = service();
  await using home = await ClientHome.create();
  await home.folder.write(".routr-access.json", "{}");
  await Deno.chmod(home.accessPath, 0o644);
  const result = await home.run(["login", there.origin, "-u", "admin", "-p", "pässword"]);
  assert.deepEqual([result.status, result.out], [0, `Logged in to ${there.apiUrl} as admin`]);
  assert.deepEqual(JSON.parse(await Deno.readTextFile(home.accessPath)), {
    apiUrl: there.apiUrl,
    token: "h.p.s",
  });
  assert.equal((await Deno.stat(home.accessPath)).mode! & 0o777, 0o600);

  assert.equal((await home.run(["get", "agents"])).status, 0);
  assert.equal(there.requests.at(-1)?.headers.get("authorization"), "Bearer h.p.s");
});

Deno.test("The whole URL may be given, as to the predecessor's tool", async () => {
  await using there = service();
  await using home = await ClientHome.create();
  await home.run(["login", `${there.apiUrl}/`, "-u", "admin", "-p", "pässword"]);
  assert.equal(JSON.parse(await Deno.readTextFile(home.accessPath)).apiUrl, there.apiUrl);
});

Deno.test("The secret may come from the environment or a question", async () => {
  await using there = service();
  await using home = await ClientHome.create();
  const env = { ROUTR_SECRET: "pässword" };
  assert.equal((await home.run(["login", there.origin, "-u", "admin"], { env })).status, 0);
  const asked = await home.run(["login", there.origin], { answers: ["admin", "pässword"] });
  assert.equal(asked.status, 0);
  assert.deepEqual(asked.secretQuestions, ["Secret: "]);
});

Deno.test("Without a terminal a missing secret is wrong usage", async () => {
  await using there = service();
  await using home = await ClientHome.create();
  const result = await home.run(["login", there.origin, "-u", "admin"]);
  assert.equal(result.status, 2);
  assert.match(result.err, /The secret is missing/);
});

Deno.test("A wrong secret is reported, and the previous login stays", async () => {
  await using there = service();
  await using home = await ClientHome.create();
  await home.logIn("https://elsewhere.example/api/v1beta1");
  const result = await home.run(["login", there.origin, "-u", "admin", "-p", "wrong"]);
  assert.deepEqual([result.status, result.err], [1, "routr: Wrong user or secret"]);
  assert.match(await Deno.readTextFile(home.accessPath), /elsewhere/);
});

Deno.test("An answer that is no token is not kept", async () => {
  await using there = service("<html>");
  await using home = await ClientHome.create();
  const result = await home.run(["login", there.origin, "-u", "admin", "-p", "pässword"]);
  assert.equal(result.status, 1);
  assert.match(result.err, /answered without a token/);
});

for (const url of ["ftp://host", "https://user:secret@host", "host?x=1", "https://", "http://host/#x"]) {
  Deno.test(`${url} is not the URL of a service`, async () => {
    await using home = await ClientHome.create();
    const result = await home.run(["login", url, "-u", "admin", "-p", "x"]);
    assert.equal(result.status, 2);
    assert.match(result.err, /is not the URL of a service/);
    assert.doesNotMatch(result.err, /secret/);
  });
}

Deno.test("A logout forgets the token", async () => {
  await using home = await ClientHome.create();
  await home.logIn("https://elsewhere.example/api/v1beta1");
  assert.equal((await home.run(["logout"])).out, "Logged out");
  await assert.rejects(Deno.stat(home.accessPath), Deno.errors.NotFound);
  assert.equal((await home.run(["logout"])).out, "Nobody was logged in");
});

Deno.test("Another service than that of the login gets no token", async () => {
  await using there = service();
  await using home = await ClientHome.create();
  await home.logIn("https://elsewhere.example/api/v1beta1", "secret-of-elsewhere");
  await home.run(["get", "agents", "--url", there.origin]);
  assert.equal(there.requests.at(-1)?.headers.get("authorization"), null);
});

Deno.test("Options come before the environment, the environment before the login", async () => {
  await using there = service();
  await using here = service();
  await using home = await ClientHome.create();
  await home.logIn("https://elsewhere.example/api/v1beta1");
  const env = { ROUTR_URL: there.origin, ROUTR_TOKEN: "of-env" };
  await home.run(["get", "agents"], { env });
  assert.equal(there.requests.at(-1)?.headers.get("authorization"), "Bearer of-env");
  await home.run(["get", "agents", "--url", here.origin, "--token", "of-option"], { env });
  assert.equal(here.requests.at(-1)?.headers.get("authorization"), "Bearer of-option");
});
