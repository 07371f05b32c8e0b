/** Authentication at the REST service. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import { type Asked, basic, RestServer, USER } from "../../support/rest_server.ts";
import { userDocument } from "../../support/resources.ts";

const SALT = Buffer.from("a salt of at least thirty-two bytes").toString("base64");

Deno.test("tokens are got by name and secret, and are good in each of three places until something ends them", async (t) => {
  await using server = await RestServer.start({ restService: { salt: SALT } });
  const { status, headers, text: token } = await server.ask("GET /credentials");
  const statusOf = async (asked: Asked, path = "/agents") => (await server.ask(`GET ${path}`, asked)).status;
  const bearer = (value: string) => statusOf({ authorization: `Bearer ${value}` });

  await t.step("/credentials answers with the bare token, /token with an envelope", async () => {
    assert.equal(status, 200);
    assert.match(headers.get("content-type") ?? "", /^text\/plain/);
    assert.deepEqual(partOf(token, 0), { alg: "HS512" });
    const { sub, iat, exp } = partOf(token, 1);
    assert.deepEqual([sub, exp - iat], [USER, 86_400]);
    const { body } = await server.ask("GET /token");
    assert.deepEqual([body.status, body.message], [200, "Successful request"]);
    assert.equal(partOf(body.data, 1).sub, USER);
    assert.equal(body.result, body.data);
  });

  await t.step("as Bearer, as ?token=, and the credentials themselves", async () => {
    assert.equal(await bearer(token), 200);
    assert.equal(await statusOf({ authorization: "" }, `/agents?token=${token}`), 200);
    assert.equal(await statusOf({ authorization: "" }, `/agents?filter=*&token=${token}&page=1`), 200);
    assert.equal(await statusOf({}), 200);
  });

  await t.step(
    "no token, a forged or expired one, and one of v1 without expiry: 401 with challenges",
    async () => {
      const { sub, proof, iat, exp } = partOf(token, 1);
      const past = Math.floor(Date.now() / 1000) - 10;
      assert.equal(await bearer(signed({ sub, proof, iat, exp })), 200);
      const bad = {
        "expired": signed({ sub, proof, iat: past - 10, exp: past }),
        "without an end": signed({ sub }),
        "of nobody": signed({ sub: "nobody", proof, iat, exp }),
        "with another proof": signed({ sub, proof: "x".repeat(22), iat, exp }),
        "forged": signed({ sub, proof, iat, exp }, "another salt"),
        "without a signature": signed({ sub, proof, iat, exp }, "", "none"),
      };
      for (const [name, value] of Object.entries(bad)) {
        for (
          const asked of [{ authorization: `Bearer ${value}` }, {
            authorization: "",
            query: `?token=${value}`,
          }]
        ) {
          const { query = "", ...init } = asked as { authorization: string; query?: string };
          const answer = await server.ask(`GET /agents${query}`, init);
          assert.equal(answer.status, 401, name);
          assert.deepEqual(answer.body, { status: 401, message: "Unauthorized" });
          assert.match(answer.headers.get("www-authenticate") ?? "", /^Basic .*, Bearer realm=/);
        }
      }
      for (const authorization of ["", "Basic", "Basic !", "Bearer", "Digest x"]) {
        assert.equal(await statusOf({ authorization }), 401, authorization);
      }
    },
  );

  await t.step("another secret of a user, or the user's end, ends its tokens and no others", async () => {
    const made = await server.ask("POST /users", { json: userDocument("second", "first-secret") });
    const second = await server.ask("GET /credentials", { authorization: basic("second", "first-secret") });
    assert.equal(await bearer(second.text), 200);
    const json = { spec: { credentials: { secret: "next-secret" } } };
    assert.equal((await server.ask(`PUT /users/${made.body.data}`, { json })).status, 200);
    assert.equal(await bearer(second.text), 401);
    assert.equal(await statusOf({ authorization: basic("second", "first-secret") }), 401);
    const next = await server.ask("GET /credentials", { authorization: basic("second", "next-secret") });
    assert.equal(await bearer(next.text), 200);
    assert.equal((await server.ask(`DELETE /users/${made.body.data}`)).status, 200);
    assert.equal(await bearer(next.text), 401);
    assert.equal(await bearer(token), 200);
  });

  await t.step("after ten wrong secrets, an address waits, but for good tokens", async () => {
    let refused = await server.ask("GET /agents", { authorization: basic(USER, "wrong") });
    for (let i = 0; i < 10 && refused.status === 401; i++) {
      refused = await server.ask("GET /agents", { authorization: basic(USER, "wrong") });
    }
    assert.equal(refused.status, 429);
    assert.match(refused.headers.get("retry-after") ?? "", /^[1-9]\d*$/);
    assert.equal(await bearer(token), 200);
  });
});

Deno.test("while a user has the shipped secret, the service is open to this host only", async () => {
  await using server = await RestServer.start({ secret: "changeit", bindAddr: "0.0.0.0", unsecured: true });
  const isOpen = () =>
    fetch(server.url("/system/status", "127.0.0.2")).then(async (answer) => {
      await answer.body?.cancel();
      return answer.ok;
    }, () => false);
  assert.equal(await isOpen(), false);
  const { body } = await server.ask("GET /users");
  const ref = body.data[0].metadata.ref;
  const json = { spec: { credentials: { secret: "not-any-more" } } };
  assert.equal((await server.ask(`PUT /users/${ref}`, { json })).status, 200);
  await server.logged(/REST service on http:\/\/0\.0\.0\.0:/);
  assert.equal(await isOpen(), true);
  const authorization = basic(USER, "not-any-more");
  assert.equal((await server.ask("GET /agents", { authorization })).status, 200);
  assert.equal((await server.ask("GET /agents")).status, 401);
});

// deno-lint-ignore no-explicit-any -- a test fails when an expected property is missing
function partOf(token: string, index: 0 | 1): any {
  return JSON.parse(Buffer.from(token.split(".")[index], "base64url").toString());
}

function signed(payload: object, salt = SALT, alg = "HS512"): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const head = `${encode({ alg })}.${encode(payload)}`;
  if (alg === "none") return `${head}.`;
  return `${head}.${createHmac("sha512", Buffer.from(salt, "base64")).update(head).digest("base64url")}`;
}

Deno.test("a user who may not read secrets cannot create one who may", async () => {
  await using server = await RestServer.start();
  const spec = { credentials: { username: "spy", secret: "spysecret" }, readsSecrets: true };
  const document = { apiVersion: "v1beta1", kind: "User", metadata: { name: "Spy" }, spec };
  assert.equal((await server.ask("POST /users", { json: document })).status, 403);
  assert.equal((await server.ask("POST /users", { json: [document] })).status, 403);
  const plain = { ...document, spec: { ...spec, readsSecrets: false } };
  const created = await server.ask("POST /users", { json: plain });
  assert.equal(created.status, 201);
  const changes = { spec: { readsSecrets: true } };
  assert.equal((await server.ask(`PUT /users/${created.body.data}`, { json: changes })).status, 403);
});
