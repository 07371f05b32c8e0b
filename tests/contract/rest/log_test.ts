/** Log lines of the REST service about refusals and changes, without secrets. */
import assert from "node:assert/strict";
import { basic, RestServer } from "../../support/rest_server.ts";
import { agentDocument, domainDocument, userDocument } from "../../support/resources.ts";

const AGENT = agentDocument("1001", { credentials: { username: "1001", secret: "secret-of-agent" } });

Deno.test("logins that fail, requests that are refused, and changes have a line each", async (t) => {
  await using server = await RestServer.start({ resources: { domains: [domainDocument("sip.local")] } });
  for (const secret of ["secret-of-agent", "another-secret", "guessed-secret"]) server.secrets.add(secret);

  await t.step("a login that fails", async () => {
    await server.ask("GET /credentials", { authorization: basic("admin", "guessed-secret") });
    await server.logged(
      /info +rest: Refused GET \/api\/v1beta1\/credentials of 127\.0\.0\.1: 401 user "admin": wrong secret/,
    );
    await server.ask("GET /agents", { authorization: basic("no\nbody", "guessed-secret") });
    await server.logged(/Refused GET \S+ of 127\.0\.0\.1: 401 user "no\\nbody": there is no such user/);
    await server.ask("GET /agents", { authorization: "Bearer a.b.c" });
    await server.logged(/401 a token that was not issued here/);
  });

  await t.step("a change is logged with its user, address and properties", async () => {
    const { body: { data: ref } } = await server.ask("POST /agents", { json: AGENT });
    await server.logged(
      new RegExp(`info +rest: POST /api/v1beta1/agents by admin at 127\\.0\\.0\\.1: ${ref}`),
    );
    await server.ask(`PUT /agents/${ref}`, { json: { spec: { credentials: { secret: "another-secret" } } } });
    await server.logged(
      new RegExp(`PUT /api/v1beta1/agents/${ref} by admin at 127\\.0\\.0\\.1: spec\\.credentials`),
    );
    await server.ask(`DELETE /agents/${ref}`);
    await server.logged(new RegExp(`DELETE /api/v1beta1/agents/${ref} by admin`));
    await server.ask("POST /users", {
      json: [userDocument("u1", "secret-of-agent"), userDocument("u2", "secret-of-agent")],
    });
    await server.logged(/POST \/api\/v1beta1\/users by admin at 127\.0\.0\.1: \S+, \S+/);
    await server.ask("PUT /system/config", {
      json: { spec: { logging: { traceLevel: 0 }, maxContacts: 3 } },
    });
    await server.logged(/PUT \/api\/v1beta1\/system\/config by admin at 127\.0\.0\.1: spec\.maxContacts/);
  });

  await t.step("a request that is refused", async () => {
    await server.ask("POST /agents", { json: { kind: "Agent" } });
    await server.logged(
      /Refused POST \/api\/v1beta1\/agents of admin at 127\.0\.0\.1: 422 Unprocessable entity: /,
    );
    await server.ask("GET /agents?filter=%40.a%3D%3D&token=guessed-secret");
    await server.logged(
      /Refused GET \/api\/v1beta1\/agents of admin at 127\.0\.0\.1: 400 Bad request: filter/,
    );
    await server.ask("POST /agents", {
      body: "x".repeat(2_000_000),
      headers: { "content-type": "application/json" },
    });
    await server.logged(/Refused POST \/api\/v1beta1\/agents of 127\.0\.0\.1: 413 The body has more than/);
  });

  await t.step("a flood has a bounded number of lines", async () => {
    for (let i = 0; i < 60; i++) await server.ask("POST /agents", { json: { kind: "Flood" } });
    const lines = server.output.match(/Refused POST \/api\/v1beta1\/agents/g) ?? [];
    assert.ok(lines.length <= 30, `${lines.length} lines`);
  });

  await t.step("reading, and requests without credentials, leave no line", () => {
    assert.doesNotMatch(server.output, /rest: GET|: 404 /);
  });
});
