import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
// @ts-types="../../../../src/transport/dns/dns_packet.d.ts"
import { encode } from "dns-packet";
import { NameServerClient } from "../../../../src/transport/dns/name_server_client.ts";
import { givenNameServers } from "../../../../src/transport/dns/name_server_list.ts";
import { WatchedClock } from "../../runtime/watched_clock.ts";
import {
  a,
  FakeNameServer,
  NAME_ERROR,
  REFUSED,
  SERVER_FAILURE,
  srv,
  TRUNCATED,
  zone,
} from "./fake_name_server.ts";
import { pause } from "../../../support/pause.ts";

const QUESTION = { name: "pbx.example", type: "A" } as const;
const ANSWER = { kind: "answer", records: ["192.0.2.1"], ttl: 300 };
const KNOWS = zone([a("pbx.example", "192.0.2.1")]);
const isSilent = () => undefined;

/** A client of these servers. */
function newClient(...servers: (FakeNameServer | string)[]) {
  const clock = new WatchedClock();
  const list = givenNameServers(
    servers.map((server) => typeof server === "string" ? server : server.address),
  );
  return { clock, client: new NameServerClient(clock, list) };
}

/** A port of 127.0.0.1 where nobody listens. */
function deadPort(): number {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const { port } = socket.addr as Deno.NetAddr;
  socket.close();
  return port;
}

/** Waits until datagrams have passed the loopback. */
function settle(): Promise<void> {
  return pause(20);
}

Deno.test("A server is asked by datagram, with EDNS(0)", async () => {
  await using server = new FakeNameServer(KNOWS);
  const { client, clock } = newClient(server);
  assert.deepEqual(await client.ask(QUESTION), ANSWER);
  assert.deepEqual(server.questions.map(({ via, isExtended }) => [via, isExtended]), [["udp", true]]);
  assert.equal(clock.pending, 0);
});

Deno.test("Ids and ports of questions are not to be foreseen", async () => {
  await using server = new FakeNameServer(KNOWS);
  const { client } = newClient(server);
  await Promise.all(Array.from({ length: 20 }, () => client.ask(QUESTION)));
  assert.ok(new Set(server.questions.map(({ id }) => id)).size > 15);
  assert.ok(new Set(server.questions.map(({ port }) => port)).size > 10);
});

Deno.test("Answers with another id, another name, another type or no question are ignored", async () => {
  const forged = [a("pbx.example", "203.0.113.66")];
  await using server = new FakeNameServer(({ id, name }) => [
    { id: id ^ 1, answers: forged },
    { questions: [{ type: "A", name: "other.example" }], answers: forged },
    { questions: [{ type: "AAAA", name }], answers: forged },
    { questions: [{ type: "A", class: "CH", name }], answers: forged },
    { questions: [{ type: "A", name }, { type: "A", name }], answers: forged },
    { questions: [], answers: forged },
    encode({ id, type: "query", questions: [{ type: "A", name }], answers: forged }),
    new Uint8Array(3),
    new Uint8Array(600).fill(255),
    encode({ id, type: "response", questions: [{ type: "A", name }], answers: forged }).subarray(0, 40),
    { answers: [a("pbx.example", "192.0.2.1")] },
  ]);
  const { client } = newClient(server);
  assert.deepEqual(await client.ask(QUESTION), ANSWER);
});

Deno.test("An answer from another port or another address is ignored", async () => {
  const forgers = ["127.0.0.1", "127.0.0.2"].map((hostname) =>
    Deno.listenDatagram({ transport: "udp", hostname, port: 0 })
  );
  await using server = new FakeNameServer(async ({ id, name, port }) => {
    const questions = [{ type: "A", name } as const];
    const forged = encode({ id, type: "response", questions, answers: [a(name, "203.0.113.66")] });
    for (const forger of forgers) {
      await forger.send(forged, { transport: "udp", hostname: "127.0.0.1", port });
    }
    await settle();
    return { answers: [a(name, "192.0.2.1")] };
  });
  const { client } = newClient(server);
  assert.deepEqual(await client.ask(QUESTION), ANSWER);
  for (const forger of forgers) forger.close();
});

Deno.test("The case of letters in an answer means nothing", async () => {
  await using server = new FakeNameServer(() => ({
    questions: [{ type: "SRV", name: "_SIP._udp.Example" }],
    answers: [srv("_sip._UDP.example", "PBX.Example")],
  }));
  const reply = await newClient(server).client.ask({ name: "_sip._udp.example", type: "SRV" });
  assert.equal(reply?.kind === "answer" && reply.records[0].target, "pbx.example");
});

Deno.test("A truncated answer is fetched over TCP", async () => {
  const records = Array.from({ length: 60 }, (_, i) => srv("many.example", `server-${i}.some.where.example`));
  await using server = new FakeNameServer(({ via }) => via === "udp" ? TRUNCATED : { answers: records });
  const reply = await newClient(server).client.ask({ name: "many.example", type: "SRV" });
  assert.equal(reply?.kind === "answer" && reply.records.length, 60);
  assert.deepEqual(server.questions.map(({ via }) => via), ["udp", "tcp"]);
});

Deno.test("A server whose long answer cannot be fetched is as good as none", async () => {
  for (const said of [new Uint8Array(0), new Uint8Array([255, 255, 1]), new Uint8Array(20), TRUNCATED]) {
    await using first = new FakeNameServer(({ via }) => via === "udp" ? TRUNCATED : said);
    await using second = new FakeNameServer(KNOWS);
    assert.deepEqual(await newClient(first, second).client.ask(QUESTION), ANSWER);
  }
});

for (
  const [name, code] of [["SERVFAIL", SERVER_FAILURE], ["REFUSED", REFUSED], ["FORMERR", 1], ["NOTIMP", 4]]
) {
  Deno.test(`After ${name} the next server is asked at once`, async () => {
    await using first = new FakeNameServer(() => ({ flags: Number(code) }));
    await using second = new FakeNameServer(KNOWS);
    assert.deepEqual(await newClient(first, second).client.ask(QUESTION), ANSWER);
  });
}

Deno.test("When a server is silent, the next one is asked after a second, and first from then on", async () => {
  await using first = new FakeNameServer(isSilent);
  await using second = new FakeNameServer(KNOWS);
  const { client, clock } = newClient(first, second);
  const asked = client.ask(QUESTION);
  await first.whenAsked(1);
  clock.advance(999);
  await settle();
  assert.equal(second.questions.length, 0);
  clock.advance(1);
  assert.deepEqual(await asked, ANSWER);
  assert.deepEqual(await client.ask(QUESTION), ANSWER);
  assert.equal(first.questions.length, 1);
});

Deno.test("When nobody listens, the next one is asked after a second at the latest", async () => {
  await using second = new FakeNameServer(KNOWS);
  const { client, clock } = newClient(`127.0.0.1:${deadPort()}`, second);
  const asked = client.ask(QUESTION);
  await settle();
  clock.advance(1000);
  assert.deepEqual(await asked, ANSWER);
});

Deno.test("A slow server's answer counts while the next one is asked", async () => {
  const gate = Promise.withResolvers<void>();
  await using first = new FakeNameServer(async (asked) => {
    await gate.promise;
    return KNOWS(asked);
  });
  await using second = new FakeNameServer(isSilent);
  const { client, clock } = newClient(first, second);
  const asked = client.ask(QUESTION);
  await first.whenAsked(1);
  clock.advance(1000);
  await second.whenAsked(1);
  gate.resolve();
  assert.deepEqual(await asked, ANSWER);
});

Deno.test("Two rounds, the second without EDNS(0), and four seconds in all", async () => {
  await using server = new FakeNameServer(isSilent);
  const { client, clock } = newClient(server);
  const asked = client.ask(QUESTION);
  await server.whenAsked(1);
  clock.advance(1000);
  await server.whenAsked(2);
  clock.advance(2999);
  let isOver = false;
  void asked.then(() => isOver = true);
  await settle();
  assert.equal(isOver, false);
  clock.advance(1);
  assert.equal(await asked, undefined);
  assert.deepEqual(server.questions.map(({ isExtended }) => isExtended), [true, false]);
  assert.equal(clock.pending, 0);
});

Deno.test("When every server refuses twice, nobody waits", async () => {
  await using first = new FakeNameServer(() => ({ flags: REFUSED }));
  await using second = new FakeNameServer(() => ({ flags: SERVER_FAILURE }));
  const { client, clock } = newClient(first, second);
  assert.equal(await client.ask(QUESTION), undefined);
  assert.deepEqual([first.questions.length, second.questions.length, clock.pending], [2, 2, 0]);
});

Deno.test("256 questions are in flight, a further one fails at once", async () => {
  await using server = new FakeNameServer(isSilent);
  const { client, clock } = newClient(server);
  const asked = Array.from({ length: 256 }, () => client.ask(QUESTION));
  assert.equal(client.canAsk, false);
  assert.equal(await client.ask(QUESTION), undefined);
  await server.whenAsked(200);
  clock.advance(4000);
  assert.ok((await Promise.all(asked)).every((reply) => reply === undefined));
  assert.equal(client.canAsk, true);
});

Deno.test("Without servers nothing is asked", async () => {
  const { client } = newClient();
  assert.deepEqual([client.hasServers, client.canAsk, await client.ask(QUESTION)], [false, false, undefined]);
});

Deno.test("A name that does not exist is a certain answer", async () => {
  await using server = new FakeNameServer(() => ({ flags: NAME_ERROR }));
  assert.deepEqual(await newClient(server).client.ask(QUESTION), { kind: "none", ttl: undefined });
});

Deno.test("A server is asked over IPv6", async () => {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "::1", port: 0 });
  const { port } = socket.addr as Deno.NetAddr;
  const { client } = newClient(`[::1]:${port}`);
  const asked = client.ask(QUESTION);
  const [bytes, from] = await socket.receive();
  const reply = Buffer.from(bytes);
  reply[2] |= 0x80;
  reply[3] = NAME_ERROR;
  await socket.send(reply, from);
  assert.deepEqual(await asked, { kind: "none", ttl: undefined });
  socket.close();
});
