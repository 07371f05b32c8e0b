/** Changes by REST are in force for the next SIP request, and REST shows at once what SIP has changed. */
import assert from "node:assert/strict";
import { RestServer } from "../../support/rest_server.ts";
import { header, requestUri, responseTo } from "../../support/sip_text.ts";
import { agentDocument, type Document, domainDocument, gatewayDocument } from "../../support/resources.ts";
import { UdpPhone } from "./udp_phone.ts";

const AOR = encodeURIComponent("sip:1001@sip.local");

for (const provider of ["files", "redis", "restful"] as const) {
  Deno.test(`resources in ${provider}: the next REGISTER obeys the change`, async () => {
    await using server = await RestServer.start({ provider, unsecured: true });
    using phone = new UdpPhone(server.sipPort);
    const write = async (request: string, json?: unknown) => {
      const { status, body } = await server.ask(request, json === undefined ? {} : { json });
      assert.ok(status < 300, `${request}: ${status}`);
      return body.data;
    };
    assert.notEqual(await phone.register("1001", "1234"), 200);
    await write("POST /domains", domainDocument("sip.local"));
    const ref = await write("POST /agents", agentDocument("1001"));
    assert.equal(await phone.register("1001", "1234"), 200);
    // A document without a secret leaves the secret as it is.
    const { body } = await server.ask(`GET /agents/${ref}`);
    await write(`PUT /agents/${ref}`, body.data);
    assert.equal(await phone.register("1001", "1234"), 200);
    await write(`PUT /agents/${ref}`, { spec: { credentials: { secret: "5678" } } });
    assert.notEqual(await phone.register("1001", "1234"), 200);
    assert.equal(await phone.register("1001", "5678"), 200);
    await write(`DELETE /agents/${ref}`);
    assert.notEqual(await phone.register("1001", "5678"), 200);
  });
}

Deno.test("/location: registrations are listed, removed and added", async (t) => {
  await using server = await startWithAgents();
  using phone = new UdpPhone(server.sipPort);
  const locations = async (query = "") => (await server.ask(`GET /location${query}`)).body.data as Document[];
  assert.deepEqual(await locations(), []);
  assert.equal(await phone.register("1001", "1234"), 200);
  assert.equal(await phone.register("1002", "1234"), 200);

  await t.step("each address-of-record with its contacts", async () => {
    const uri = `sip:1001@127.0.0.1:${phone.port}`;
    const [entry] = await locations(
      `?filter=${encodeURIComponent("@.addressOfRecord=='sip:1001@sip.local'")}`,
    );
    assert.match(String(entry.contactInfo), new RegExp(`^${uri};nat=false;expires=\\d+$`));
    const [contact] = entry.contacts as Document[];
    assert.deepEqual([contact.uri, contact.port, contact.transport], [uri, phone.port, "udp"]);
    assert.equal((await locations()).length, 2);
    assert.equal((await locations("?itemsPerPage=1&page=2")).length, 1);
    assert.equal((await server.ask("GET /location?page=0")).status, 400);
  });

  await t.step("one is ended, then all", async () => {
    const one = await server.ask(`DELETE /location/${AOR}`);
    assert.deepEqual(one.body, { status: "200", message: "Location entry evicted." });
    assert.equal((await server.ask(`DELETE /location/${AOR}`)).status, 404);
    assert.equal((await locations()).length, 1);
    const all = await server.ask("DELETE /location");
    assert.deepEqual(all.body, { status: "200", message: "Evicted All!" });
    assert.deepEqual(await locations(), []);
  });

  await t.step("a binding that is added is called at once, and the call is listed", async () => {
    using called = new UdpPhone(server.sipPort);
    const add = (json: unknown, aor = "1001@sip.local") => server.ask(`POST /location/${aor}`, { json });
    const contact = { user: "1001", address: "127.0.0.1", port: called.port, expires: 60 };
    const added = await add(contact);
    assert.deepEqual(added.body, { status: "200", message: "Added location entry." });
    await phone.invite({ username: "1002", secret: "1234" }, "1001");
    const invite = await called.receive();
    assert.equal(requestUri(invite), `sip:1001@127.0.0.1:${called.port}`);
    const { body: { data: [call] } } = await server.ask("GET /calls");
    assert.deepEqual(
      [call.from, call.to, call.direction, call.state],
      ["sip:1002@sip.local", "sip:1001@sip.local", "internal", "trying"],
    );
    await called.send(responseTo(invite, "486 Busy Here", { tag: "busy" }));
    await phone.receive();
    assert.deepEqual((await server.ask("GET /calls")).body.data, []);

    await phone.invite({ username: "1002", secret: "1234" }, "1001");
    const ringing = await called.receive();
    const { body: { data: [{ id }] } } = await server.ask("GET /calls");
    const ended = await server.ask(`DELETE /calls/${id}`);
    assert.deepEqual([ended.status, ended.body], [200, { status: "200", message: "Call ended." }]);
    assert.match(await phone.receive(), /^SIP\/2\.0 480 /);
    await called.send(responseTo(ringing, "487 Request Terminated", { tag: "gone" }));
    assert.equal((await server.ask(`DELETE /calls/${id}`)).status, 404);
    const { body: { data: [last] } } = await server.ask("GET /calls?ended=true");
    assert.deepEqual([last.id, last.cause, last.endedBy], [id, "operator hung up", "operator"]);

    assert.equal((await add(contact, "nobody@sip.local")).status, 404);
    assert.equal((await add(contact, "nobody")).status, 400);
    const faulty = await add({ address: "x", port: 0, expires: "soon" });
    assert.equal(faulty.status, 422);
    const pointers = faulty.body.errors.map(({ pointer }: { pointer: string }) => pointer);
    assert.deepEqual(pointers.sort(), ["/address", "/expires", "/port", "/user"]);
  });
});

Deno.test("an e-mail address as username: found by filters, bound and evicted in every spelling", async () => {
  await using server = await startWithAgents();
  const username = "ann@example.com";
  assert.equal((await server.ask("POST /agents", { json: agentDocument(username) })).status, 201);
  const filter = encodeURIComponent(`@.spec.credentials.username=='${username}'`);
  assert.equal((await server.ask(`GET /agents?filter=${filter}`)).body.data.length, 1);
  for (const aor of ["ann@example.com@sip.local", "sip:ann%40example.com@sip.local"]) {
    const path = `/location/${encodeURIComponent(aor)}`;
    const json = { user: username, address: "127.0.0.1", port: 5099, expires: 60 };
    assert.equal((await server.ask(`POST ${path}`, { json })).status, 200);
    const [entry] = (await server.ask("GET /location")).body.data;
    assert.equal(entry.addressOfRecord, "sip:ann%40example.com@sip.local");
    assert.equal(entry.contacts[0].uri, "sip:ann%40example.com@127.0.0.1:5099");
    assert.equal((await server.ask(`DELETE ${path}`)).status, 200);
  }
});

Deno.test("/registry: the server registers with a new gateway and shows the state", async () => {
  await using server = await startWithAgents();
  using provider = new UdpPhone(server.sipPort);
  const credentials = { username: "trunk", secret: "secret-of-trunk" };
  server.secrets.add(credentials.secret);
  const json = gatewayDocument("GW77", { host: "127.0.0.1", port: provider.port, credentials });
  assert.equal((await server.ask("POST /gateways", { json })).status, 201);
  const register = await provider.receive();
  assert.match(register, /^REGISTER sip:127\.0\.0\.1/);
  const [waiting] = (await server.ask("GET /registry")).body.data;
  assert.deepEqual([waiting.gwRef, waiting.state, waiting.username], ["GW77", "registering", "trunk"]);
  const lines = `Contact: ${header(register, "Contact")}\nExpires: 600`;
  await provider.send(responseTo(register, "200 OK", { tag: "here", lines }));
  let registration = waiting;
  for (let i = 0; i < 100 && registration.state !== "registered"; i++) {
    [registration] = (await server.ask("GET /registry")).body.data;
  }
  assert.deepEqual([registration.state, registration.expires], ["registered", 600]);
  assert.equal(registration.regOnFormatted, "a few seconds ago");
  assert.equal((await server.ask("DELETE /gateways/GW77")).status, 200);
  assert.deepEqual((await server.ask("GET /registry")).body.data, []);
});

function startWithAgents(): Promise<RestServer> {
  return RestServer.start({
    unsecured: true,
    resources: {
      domains: [domainDocument("sip.local")],
      agents: [agentDocument("1001"), agentDocument("1002")],
    },
  });
}
