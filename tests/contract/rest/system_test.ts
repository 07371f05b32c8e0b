/** State, configuration, log and end of the server by REST. */
import assert from "node:assert/strict";
import { RestServer } from "../../support/rest_server.ts";
import { agentDocument, domainDocument } from "../../support/resources.ts";
import { UdpPhone } from "./udp_phone.ts";

Deno.test("/system, and the paths of monitors", async (t) => {
  await using server = await RestServer.start({
    restService: { keyStorePassword: "of-the-key-store", salt: "c2FsdC1vZi10ZXN0cw==" },
    resources: { domains: [domainDocument("sip.local")], agents: [agentDocument("1001")] },
  });
  for (const secret of ["of-the-key-store", "c2FsdC1vZi10ZXN0cw"]) server.secrets.add(secret);
  const open = { authorization: "" };

  await t.step("the status is open to everybody, in the forms of early and later clients", async () => {
    const { status, body } = await server.ask("GET /system/status", open);
    assert.equal(status, 200);
    assert.deepEqual(body, { status: "Up", message: "up", data: "up", result: "up" });
  });

  await t.step("the root lists the paths, and redirects browsers to the page of the contract", async () => {
    const { status, body } = await server.ask("GET /", open);
    assert.equal(status, 200);
    for (const path of [body.documentation, body.contract, body.health, body.readiness]) {
      assert.equal((await server.ask(`GET ${path}`, open)).status, 200, path);
    }
    const browser = await server.ask("GET /", { ...open, headers: { accept: "text/html,*/*" } });
    assert.deepEqual([browser.status, browser.headers.get("location")], [302, "/api"]);
  });

  await t.step("the info is in the envelope, and beside it", async () => {
    const { body } = await server.ask("GET /system/info");
    assert.match(body.version, /^v\d+\.\d+\.\d+/);
    assert.deepEqual([body.apiVersion, body.apiPath], ["v1beta1", "/api"]);
    const { status, message, data, result, ...beside } = body;
    assert.deepEqual([status, message], [200, "Successful request"]);
    assert.deepEqual([data, result], [beside, beside]);
    assert.ok(Date.now() - data.upSince < 300_000);
  });

  await t.step(
    "the configuration comes as it is written, or with all defaults, and without secrets",
    async () => {
      const written = await server.ask("GET /system/config");
      assert.equal(Number(written.body.data.spec.restService.port), server.restPort);
      assert.equal(written.body.data.spec.registrar, undefined);
      const full = await server.ask("GET /system/config?full=true");
      assert.equal(full.body.data.spec.restService.port, server.restPort);
      assert.equal(full.body.data.spec.registrar.minExpires, 60);
      assert.equal((await server.ask("GET /system/config?full=perhaps")).status, 400);
    },
  );

  await t.step("live properties are changed; others are refused by name", async () => {
    const deny = { spec: { accessControlList: { deny: ["127.0.0.1"] } } };
    using phone = new UdpPhone(server.sipPort);
    assert.equal(await phone.register("1001", "1234"), 200);
    const changed = await server.ask("PUT /system/config", { json: deny });
    assert.equal(changed.status, 200);
    assert.deepEqual(changed.body.meta, { lastsUntil: "restart" });
    assert.match(changed.body.message, /until the next start.*config\.yaml is not written/);
    assert.deepEqual(changed.body.data.spec.accessControlList, deny.spec.accessControlList);
    assert.notEqual(await phone.register("1001", "1234"), 200);
    const back = await server.ask("PUT /system/config", { json: { spec: { accessControlList: null } } });
    assert.equal(back.status, 200);
    assert.equal(await phone.register("1001", "1234"), 200);
    const fixed = await server.ask("PUT /system/config", { json: { spec: { bindAddr: "127.0.0.7" } } });
    assert.equal(fixed.status, 405);
    assert.match(fixed.body.message, /spec\.bindAddr/);
    assert.equal(fixed.headers.get("allow"), "GET, HEAD, PUT, OPTIONS");
    const faulty = await server.ask("PUT /system/config", {
      json: { spec: { logging: { traceLevel: "x" } } },
    });
    assert.equal(faulty.status, 422);
    assert.equal(faulty.body.errors[0].pointer, "/spec/logging/traceLevel");
    assert.equal((await server.ask("PUT /system/config", { json: 1 })).status, 422);
  });

  await t.step("the log is in the envelope, or bare", async () => {
    const { body } = await server.ask("GET /system/logs");
    assert.match(body.data, /Ready/);
    const text = await server.ask("GET /system/logs?format=text");
    assert.match(text.headers.get("content-type") ?? "", /^text\/plain/);
    assert.match(text.text, /Ready/);
    assert.equal((await server.ask("GET /system/logs?format=xml")).status, 400);
  });

  await t.step("monitors: health and readiness are open, metrics are not", async () => {
    assert.equal((await server.ask("GET /healthz", open)).text, "ok\n");
    const ready = await server.ask("GET /readyz", open);
    assert.equal(ready.status, 200);
    assert.deepEqual(ready.body, { isReady: true, checks: { listeners: true, directory: true } });
    assert.equal((await server.ask("GET /metrics", open)).status, 401);
    const metrics = await server.ask("GET /metrics");
    assert.match(metrics.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
    assert.match(metrics.text, /^routr_rest_requests_total [1-9]/m);
    assert.deepEqual((await server.ask("GET /calls")).body.data, []);
    assert.deepEqual((await server.ask("GET /registry")).body.data, []);
  });

  await t.step("the contract names every path, and is open", async () => {
    const { status, body } = await server.ask("GET /api/openapi.json", open);
    assert.equal(status, 200);
    for (const path of ["/api/v1beta1/agents/{ref}", "/api/v1beta1/system/status/{status}", "/readyz"]) {
      assert.ok(path in body.paths, path);
    }
    assert.match((await server.ask("GET /api", open)).text, /^<!doctype html>/i);
  });

  await t.step("an unknown path is 404, for authenticated users only", async () => {
    for (const path of ["/nothing", "/agents/a/b", "/system", "/api/v2/agents", "/api/v1beta1"]) {
      assert.equal((await server.ask(`GET ${path}`)).status, 404, path);
      assert.equal((await server.ask(`GET ${path}`, open)).status, 401, path);
    }
    assert.equal((await server.ask("GET /agents/%ff")).status, 400);
    assert.equal((await server.ask("POST /system/status", {})).status, 405);
  });

  await t.step("reload reads edited files again", async () => {
    const domains = [domainDocument("sip.local"), domainDocument("edited.local")];
    await Deno.writeTextFile(`${server.directory}/domains.yaml`, JSON.stringify(domains));
    assert.equal((await server.ask("POST /system/status/sideways")).status, 400);
    const { status, body } = await server.ask("POST /system/status/reload");
    assert.equal(status, 200);
    assert.deepEqual(body, { status: "200", message: "Request sent to server" });
    assert.equal((await server.ask("GET /domains")).body.data.length, 2);
  });

  await t.step("a restart keeps process and ports, and reads the configuration again", async () => {
    const json = { spec: { maxContacts: 3 } };
    assert.equal((await server.ask("PUT /system/config", { json })).status, 200);
    const before = await server.ask("GET /system/info");
    const { status, body } = await server.ask("POST /system/status/restarting?now=true");
    assert.deepEqual([status, body.message], [200, "Request sent to server"]);
    await server.logged(/\bReady\b/, 2);
    const after = await server.ask("GET /system/info");
    assert.ok(after.body.upSince > before.body.upSince);
    assert.equal((await server.ask("GET /system/config")).body.data.spec.maxContacts, undefined);
  });

  await t.step("down ends the process with code 0", async () => {
    assert.equal((await server.ask("POST /system/status/down")).status, 200);
    assert.equal(await server.exitCode(), 0);
  });
});
