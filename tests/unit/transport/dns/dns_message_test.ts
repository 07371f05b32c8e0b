import assert from "node:assert/strict";
// @ts-types="../../../../src/transport/dns/dns_packet.d.ts"
import { type Answer, encode, type Packet } from "dns-packet";
import { isAskable, readReply } from "../../../../src/transport/dns/dns_message.ts";
import { a, aaaa, cname, NAME_ERROR, naptr, SOA, srv } from "./fake_name_server.ts";

/** Reads a packet as the reply to the question for a.example. */
function read(packet: Packet, type: "A" | "AAAA" = "A") {
  const questions = [{ name: "a.example", type } as const];
  const bytes = encode({ id: 7, type: "response", questions, ...packet });
  return readReply(bytes, { name: "a.example", type }, 7);
}

Deno.test("The least TTL of all records holds", () => {
  const answers = [a("a.example", "192.0.2.1", 60), a("a.example", "192.0.2.2", 30)];
  assert.deepEqual(read({ answers }), { kind: "answer", records: ["192.0.2.1", "192.0.2.2"], ttl: 30 });
});

Deno.test("A TTL with its highest bit set is zero (RFC 2181 §8)", () => {
  assert.deepEqual(read({ answers: [a("a.example", "192.0.2.1", 2 ** 31)] }), {
    kind: "answer",
    records: ["192.0.2.1"],
    ttl: 0,
  });
});

Deno.test("Records of other names do not count", () => {
  const answers = [a("evil.example", "203.0.113.66"), a("a.example", "192.0.2.1")];
  assert.deepEqual(read({ answers }), { kind: "answer", records: ["192.0.2.1"], ttl: 300 });
  assert.deepEqual(read({ answers: [a("evil.example", "203.0.113.66")] }), { kind: "none", ttl: undefined });
});

Deno.test("Aliases within an answer are followed, in whatever order they come", () => {
  const chain = [
    cname("a.example", "B.example", 20),
    cname("b.example", "c.example"),
    a("c.example", "192.0.2.1"),
  ];
  const expected = { kind: "answer", records: ["192.0.2.1"], ttl: 20 };
  assert.deepEqual(read({ answers: chain }), expected);
  assert.deepEqual(read({ answers: chain.toReversed() }), expected);
});

Deno.test("An alias whose end is not in the answer is to be asked for", () => {
  assert.deepEqual(read({ answers: [cname("a.example", "b.other", 20)] }), {
    kind: "alias",
    target: "b.other",
    ttl: 20,
  });
});

Deno.test("An alias whose end has no such record says so by SOA", () => {
  const answers = [cname("a.example", "b.example")];
  assert.deepEqual(read({ answers, authorities: [SOA] }), { kind: "none", ttl: 20 });
});

Deno.test("Aliases in a circle end", () => {
  const answers = [cname("a.example", "b.example"), cname("b.example", "a.example")];
  assert.ok(["none", "alias"].includes(read({ answers })?.kind ?? ""));
});

Deno.test("No answer lasts as long as SOA says, the lesser of its TTL and minimum (RFC 2308 §5)", () => {
  const soa = (ttl: number, minimum: number): Answer => ({
    type: "SOA",
    name: "example",
    ttl,
    data: { mname: "ns.example", rname: "root.example", minimum },
  });
  assert.deepEqual(read({ flags: NAME_ERROR, authorities: [soa(10, 40)] }), { kind: "none", ttl: 10 });
  assert.deepEqual(read({ authorities: [soa(50, 40)] }), { kind: "none", ttl: 40 });
  assert.deepEqual(read({ flags: NAME_ERROR }), { kind: "none", ttl: undefined });
});

Deno.test("IPv6 addresses come as URIs write them", () => {
  assert.deepEqual(read({ answers: [aaaa("a.example", "2001:db8:0:0::1")] }, "AAAA"), {
    kind: "answer",
    records: ["[2001:db8::1]"],
    ttl: 300,
  });
});

Deno.test("SRV come by priority, NAPTR by order and preference, and no more than 64", () => {
  const servers = Array.from({ length: 100 }, (_, i) => srv("a.example", `s${i}.example`, 5060, 100 - i));
  const questions = [{ name: "a.example", type: "SRV" } as const];
  const reply = readReply(
    encode({ id: 7, type: "response", questions, answers: servers }),
    { name: "a.example", type: "SRV" },
    7,
  );
  assert.ok(reply?.kind === "answer");
  assert.deepEqual(
    reply.records.map(({ priority }) => priority),
    Array.from({ length: 64 }, (_, i) => i + 1),
  );

  const rules = [
    naptr("a.example", "SIP+D2T", "t.example", 20, 5),
    naptr("a.example", "SIP+D2U", "u.example", 10, 20),
    naptr("a.example", "SIPS+D2T", "s.example", 10, 10),
  ];
  const question = { name: "a.example", type: "NAPTR" } as const;
  const ruled = readReply(
    encode({ id: 7, type: "response", questions: [question], answers: rules }),
    question,
    7,
  );
  assert.ok(ruled?.kind === "answer");
  assert.deepEqual(ruled.records.map(({ replacement }) => replacement), [
    "s.example",
    "u.example",
    "t.example",
  ]);
});

Deno.test("An answer cut off anywhere is none, and never throws", () => {
  const questions = [{ name: "a.example", type: "A" } as const];
  const answers = [cname("a.example", "b.example"), a("b.example", "192.0.2.1")];
  const bytes = encode({ id: 7, type: "response", questions, answers });
  for (let length = 0; length < bytes.length; length++) {
    assert.equal(readReply(bytes.subarray(0, length), questions[0], 7), undefined, `${length} bytes`);
  }
});

Deno.test("Bytes at random never throw", () => {
  for (let i = 0; i < 2000; i++) {
    const bytes = crypto.getRandomValues(new Uint8Array(12 + i % 300));
    bytes.set([0, 7, 0x84, 0, 0, 1, 0, bytes[7] & 7, 0, bytes[9] & 3, 0, 0]);
    const reply = readReply(bytes, { name: "a.example", type: "A" }, 7);
    assert.ok(reply === undefined || reply.kind !== "answer");
  }
});

Deno.test("Only names of letters, digits, hyphens and underscores are asked for", () => {
  for (const name of ["a", "a.example", "_sip._udp.example", "1-2.3", `${"a".repeat(63)}.example`]) {
    assert.ok(isAskable(name), name);
  }
  const long = Array.from({ length: 64 }, () => "aaa").join(".");
  for (
    const name of ["", ".", "a.", ".a", "a..b", "a b", "A", "é", "a\0", "*.a", `${"a".repeat(64)}.b`, long]
  ) {
    assert.ok(!isAskable(name), name);
  }
});
