/** `/bans` and `/why`: who is kept out, why, and how to let him in again. */
import assert from "node:assert/strict";
import { agentDocument, domainDocument } from "../../support/resources.ts";
import { RestServer } from "../../support/rest_server.ts";
import { UdpPhone } from "./udp_phone.ts";

const SECRET = "k8vq2-mw7hp";
const agent = (username: string) => agentDocument(username, { credentials: { username, secret: SECRET } });

const RESOURCES = {
  agents: [agent("1001"), agent("1002")],
  domains: [domainDocument("sip.local")],
};

/** Starts a server with agents whose secret no answer may have. */
async function start(spec: Readonly<Record<string, unknown>> = {}): Promise<RestServer> {
  const server = await RestServer.start({ unsecured: true, resources: RESOURCES, spec });
  server.secrets.add(SECRET);
  return server;
}

/** Guesses until a ban; nobody is registered at 127.0.0.1 then. */
async function guess(server: RestServer): Promise<void> {
  using phone = new UdpPhone(server.sipPort);
  for (let i = 0; i < 12; i++) {
    const { body } = await server.ask("GET /bans");
    if (body.data.length > 0) return;
    assert.ok([401, 403].includes(await phone.register("1001", `wrong${i}`)));
  }
  assert.fail("nobody is banned after 12 wrong passwords");
}

Deno.test("/bans: who guesses is listed with the reason, lifted by DELETE, and may register then", async () => {
  await using server = await start();
  const none = await server.ask("GET /bans");
  assert.deepEqual(none.body.data, []);
  assert.deepEqual(none.body.meta, { currentPage: 1, totalPages: 0, itemsPerPage: 30, totalItems: 0 });
  await guess(server);
  const { body: { data: [ban], meta } } = await server.ask("GET /bans");
  assert.equal(meta.totalItems, 1);
  const { since, until, ...rest } = ban;
  assert.deepEqual(rest, {
    address: "127.0.0.1",
    network: "127.0.0.1",
    count: 1,
    reason: "wrong password by udp",
    users: ["1001@sip.local"],
    isShared: false,
  });
  assert.ok(Math.abs(Date.parse(until) - Date.parse(since) - 3_600_000) < 100, `${since} ${until}`);
  const query = (filter: string) => `GET /bans?filter=${encodeURIComponent(filter)}`;
  assert.equal((await server.ask(query("@.address=='127.0.0.1'"))).body.data.length, 1);
  assert.equal((await server.ask(query("@.address=='127.0.0.2'"))).body.data.length, 0);

  {
    using silenced = new UdpPhone(server.sipPort);
    await assert.rejects(silenced.register("1002", SECRET), /Nothing came/);
  }
  assert.equal((await server.ask("DELETE /bans/127.0.0.1")).status, 200);
  using phone = new UdpPhone(server.sipPort);
  assert.equal(await phone.register("1002", SECRET), 200);
  assert.equal((await server.ask("DELETE /bans/127.0.0.1")).status, 404);
});

Deno.test("/bans: addresses that are not banned are 404, in every form of IPv6, and other texts 400", async () => {
  await using server = await start();
  for (const address of ["192.0.2.7", "2001:db8::7", "[2001:db8::7]", "2001:db8::/64", "::ffff:192.0.2.7"]) {
    const { status, body } = await server.ask(`DELETE /bans/${encodeURIComponent(address)}`);
    assert.equal(status, 404, `${address}: ${JSON.stringify(body)}`);
  }
  for (const address of ["1001", "192.0.2.0/24", "sip.local", "192.0.2.7;"]) {
    assert.equal((await server.ask(`DELETE /bans/${encodeURIComponent(address)}`)).status, 400, address);
  }
});

Deno.test("/why: an address that was never seen, one that is served, one that is refused, one that is banned", async () => {
  await using server = await start();
  const why = async (what: string) => (await server.ask(`GET /why/${encodeURIComponent(what)}`)).body.data;
  const unseen = await why("192.0.2.7");
  assert.equal(unseen.kind, "address");
  assert.match(unseen.summary, /^No message from 192\.0\.2\.7 has arrived/);
  assert.deepEqual(unseen.refusals, []);

  using phone = new UdpPhone(server.sipPort);
  assert.equal(await phone.register("1002", "wrong"), 401);
  const refused = await why("127.0.0.1");
  assert.match(
    refused.summary,
    /^127\.0\.0\.1 is heard, and refused: last REGISTER from udp 127\.0\.0\.1:\d+ \d+ s ago: 401 \(wrong password: 1002 in realm sip\.local\)$/,
  );
  assert.equal(refused.refusals.length, 1);
  assert.equal(refused.refusals[0].status, 401);
  assert.ok(refused.address.points > 0.5 && refused.address.points <= 1, `${refused.address.points} points`);
  assert.equal(refused.address.maxPoints, 10);

  await guess(server);
  const banned = await why("127.0.0.1:5060");
  assert.match(
    banned.summary,
    /^127\.0\.0\.1 is banned for another 60 min, because of wrong password by udp \(tried as 1002@sip\.local, 1001@sip\.local\): routr unban 127\.0\.0\.1 lifts it$/,
  );
  assert.equal(banned.address.ban.count, 1);
  await phone.send("OPTIONS sip:sip.local SIP/2.0\r\n\r\n");
  await phone.send("OPTIONS sip:sip.local SIP/2.0\r\n\r\n");
  await phone.send("OPTIONS sip:sip.local SIP/2.0\r\n\r\n");
  for (let i = 0; i < 100 && (await why("127.0.0.1")).address.dropped < 3; i++);
  assert.ok((await why("127.0.0.1")).address.dropped >= 3);

  await server.ask("DELETE /bans/127.0.0.1");
  assert.equal(await phone.register("1002", SECRET), 200);
  const served = await why("127.0.0.1");
  assert.equal(served.address.isKnown, true);
  assert.equal(served.address.dropped, 0);
  assert.deepEqual(
    served.address.registrations.map((each: { addressOfRecord: string }) => each.addressOfRecord),
    [
      "sip:1002@sip.local",
    ],
  );
});

Deno.test("/why: an account that does not exist, was never tried, was refused, is registered", async () => {
  await using server = await start();
  const why = async (what: string) => (await server.ask(`GET /why/${encodeURIComponent(what)}`)).body.data;
  assert.equal((await why("1009")).summary, "There is no agent and no peer 1009");
  assert.equal(
    (await why("1001@pbx.local")).summary,
    "There is no 1001@pbx.local: the domain pbx.local has no agent 1001, but one in sip.local",
  );
  const untried = await why("sip:1001@sip.local");
  assert.equal(untried.what, "1001@sip.local");
  assert.match(
    untried.summary,
    /^1001@sip\.local can register, but no request of it was refused or served lately/,
  );
  assert.deepEqual(untried.accounts[0].credentials, ["secret"]);
  assert.equal(untried.accounts[0].maxContacts, 16);

  using phone = new UdpPhone(server.sipPort);
  assert.equal(await phone.register("1001", "wrong"), 401);
  const refused = await why("1001");
  assert.match(
    refused.summary,
    /^1001 is not registered: last REGISTER from udp 127\.0\.0\.1:\d+ \d+ s ago: 401 \(wrong password: 1001 in realm sip\.local\)$/,
  );
  assert.equal(refused.accounts[0].wrongPasswords, 1);
  assert.equal(refused.accounts[0].isSlowed, false);

  assert.equal(await phone.register("1001", SECRET), 200);
  const registered = await why("1001@sip.local");
  assert.match(
    registered.summary,
    /^1001@sip\.local is registered from udp 127\.0\.0\.1:\d+ for another 60 min/,
  );
  assert.equal(registered.accounts[0].registrations[0].port, phone.port);
  assert.ok(registered.facts.some((fact: string) => fact === "1001@sip.local: 1 of 16 devices registered"));
});

Deno.test("/why: an address that access control lists deny", async () => {
  await using server = await start({ accessControlList: { deny: ["127.0.0.1", "192.0.2.0/24"] } });
  const why = async (what: string) => (await server.ask(`GET /why/${encodeURIComponent(what)}`)).body.data;
  const { summary, address } = await why("192.0.2.7");
  assert.match(summary, /^192\.0\.2\.7 is denied by the access control list of the server/);
  assert.equal(address.isDenied, true);
  assert.equal((await why("198.51.100.7")).address.isDenied, false);
});

Deno.test("/why: a client that is taken for a scanner is told, and logged", async () => {
  await using server = await start();
  using phone = new UdpPhone(server.sipPort);
  const lines = [
    "REGISTER sip:sip.local SIP/2.0",
    `Via: SIP/2.0/UDP 127.0.0.1:${phone.port};branch=z9hG4bKscan`,
    "From: <sip:1001@sip.local>;tag=1",
    "To: <sip:1001@sip.local>",
    "Call-ID: scan",
    "CSeq: 1 REGISTER",
    "Max-Forwards: 70",
    "User-Agent: friendly-scanner",
    "Content-Length: 0",
    "",
    "",
  ];
  await phone.send(lines.join("\r\n"));
  await server.logged(/Ignored REGISTER of sip:1001@sip\.local from udp 127\.0\.0\.1:\d+ .*scanner/);
  const { body } = await server.ask("GET /why/127.0.0.1");
  assert.match(body.data.summary, /no answer \(its User-Agent is that of a scanner/);
  assert.equal(body.data.refusals[0].status, 0);
});

Deno.test("/why: what is neither an address nor a user is 400", async () => {
  await using server = await start();
  for (const what of [" ", "a".repeat(300), "sip:", "@sip.local"]) {
    const { status } = await server.ask(`GET /why/${encodeURIComponent(what)}`);
    assert.equal(status, 400, what);
  }
});

Deno.test("a ban and its end are events", async () => {
  await using server = await start();
  const controller = new AbortController();
  const response = await server.fetch("/events?types=address.", {
    headers: {
      authorization: `Basic ${btoa(`${server.user}:${server.secret}`)}`,
      "last-event-id": "other-0",
    },
    signal: controller.signal,
  });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = (await reader.read()).value ?? "";
  await guess(server);
  await server.ask("DELETE /bans/127.0.0.1");
  while (!/event: address\.unbanned\n/.test(text)) {
    const { value, done } = await reader.read();
    assert.ok(!done, text);
    text += value;
  }
  assert.match(text, /event: address\.banned\n/);
  assert.match(text, /"seconds":3600,"reason":"wrong password by udp","users":\["1001@sip\.local"\]/);
  controller.abort();
  await reader.cancel().catch(() => {});
});
