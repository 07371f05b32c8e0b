import assert from "node:assert/strict";
import type { Destination, NextHop } from "../../../../src/transport/dns/destination.ts";
import type { Eventually } from "../../../../src/runtime/eventually.ts";
import {
  FAILURE,
  type NaptrRecord,
  NONE,
  type RecordOf,
  type RecordType,
  type Resolution,
  type SrvRecord,
} from "../../../../src/transport/dns/record.ts";
import { ServerLocator, type ServerLocatorParts } from "../../../../src/transport/dns/server_locator.ts";
import type { TransportProtocol } from "../../../../src/transport/transport.ts";
import { WatchedClock } from "../../runtime/watched_clock.ts";
import { pause } from "../../../support/pause.ts";

interface World {
  readonly naptr?: Readonly<Record<string, readonly NaptrRecord[]>>;
  readonly srv?: Readonly<Record<string, readonly SrvRecord[]>>;
  readonly addresses?: Readonly<Record<string, readonly string[]>>;
  readonly local?: readonly string[];
  /** Questions without an answer, such as `NAPTR example`, `address pbx.example`. */
  readonly pending?: readonly string[];
  readonly failing?: readonly string[];
  readonly protocols?: readonly TransportProtocol[];
  readonly canReach?: (protocol: TransportProtocol, address: string) => boolean;
  readonly random?: () => number;
}

const ALL: readonly TransportProtocol[] = ["udp", "tcp", "tls", "sctp", "ws", "wss"];

/** A locator whose resolver answers at once, except pending questions. */
function newLocator(world: World) {
  const clock = new WatchedClock();
  const asked: string[] = [];
  const answer = <T>(question: string, value: T): Eventually<T> => {
    asked.push(question);
    return world.pending?.includes(question) ? new Promise<T>(() => {}) : value;
  };
  const resolution = <T extends RecordType>(
    records: readonly RecordOf[T][] | undefined,
    question: string,
  ): Resolution<T> => {
    if (world.failing?.includes(question)) return FAILURE;
    return records ? { kind: "answer", records } : NONE;
  };
  const resolver: ServerLocatorParts["resolver"] = {
    isLocal: (name) => world.local?.includes(name) ?? false,
    query: (name, type) => {
      const question = `${type} ${name}`;
      const known = { A: undefined, AAAA: undefined, SRV: world.srv?.[name], NAPTR: world.naptr?.[name] };
      return answer(
        question,
        resolution<typeof type>(known[type] as RecordOf[typeof type][] | undefined, question),
      );
    },
    resolve: (host) =>
      answer(`address ${host}`, /^[\d[]/.test(host) ? [host] : world.addresses?.[host] ?? []),
  };
  const locator = new ServerLocator({
    resolver,
    clock,
    canReach: world.canReach ?? (() => true),
    serves: (protocol) => (world.protocols ?? ALL).includes(protocol),
    random: world.random ?? (() => 0),
  });
  return { asked, clock, locator };
}

function hop(host: string, rest: Partial<NextHop> = {}): NextHop {
  return { host, port: undefined, protocol: undefined, isSecure: false, ...rest };
}

function server(target: string, port = 5060, priority = 0, weight = 0): SrvRecord {
  return { target, port, priority, weight };
}

function rule(
  service: string,
  replacement: string,
  order = 10,
  rest: Partial<NaptrRecord> = {},
): NaptrRecord {
  return { order, preference: 10, flags: "s", service, regexp: "", replacement, ...rest };
}

/** `udp 192.0.2.1:5060`, with `?` when the transport is not fixed. */
function format({ protocol, address, port, isTransportFixed }: Destination): string {
  return `${protocol} ${address}:${port}${isTransportFixed ? "" : " ?"}`;
}

/** Returns the destinations of a hop, which must be known at once. */
function locate(world: World, wanted: NextHop): string[] {
  const found = newLocator(world).locator.locate(wanted);
  assert.ok(!(found instanceof Promise));
  return found.map(format);
}

const HOST = { addresses: { "example": ["192.0.2.1"] } };

Deno.test("§4.1, §4.2: an address is sent to as it is, over UDP or TLS unless the URI names a transport", () => {
  const cases: [NextHop, string[]][] = [
    [hop("192.0.2.9"), ["udp 192.0.2.9:5060 ?"]],
    [hop("192.0.2.9", { port: 5080 }), ["udp 192.0.2.9:5080 ?"]],
    [hop("[2001:db8::9]", { isSecure: true }), ["tls [2001:db8::9]:5061"]],
    [hop("192.0.2.9", { protocol: "tcp" }), ["tcp 192.0.2.9:5060"]],
    [hop("192.0.2.9", { protocol: "udp", port: 5070 }), ["udp 192.0.2.9:5070"]],
    [hop("192.0.2.9", { protocol: "tls" }), ["tls 192.0.2.9:5061"]],
    [hop("192.0.2.9", { protocol: "sctp" }), ["sctp 192.0.2.9:5060"]],
    [hop("192.0.2.9", { protocol: "ws" }), ["ws 192.0.2.9:80"]],
    [hop("192.0.2.9", { protocol: "wss" }), ["wss 192.0.2.9:443"]],
  ];
  for (const [wanted, expected] of cases) assert.deepEqual(locate({}, wanted), expected);
});

Deno.test("sips: is TLS on every hop, and nowhere when that is not possible", () => {
  const cases: [TransportProtocol, string[]][] = [
    ["udp", []],
    ["sctp", []],
    ["tcp", ["tls 192.0.2.9:5061"]],
    ["tls", ["tls 192.0.2.9:5061"]],
    ["ws", ["wss 192.0.2.9:443"]],
    ["wss", ["wss 192.0.2.9:443"]],
  ];
  for (const [protocol, expected] of cases) {
    assert.deepEqual(locate({}, hop("192.0.2.9", { protocol, isSecure: true })), expected, protocol);
  }
  assert.deepEqual(locate({ protocols: ["udp", "tcp"] }, hop("192.0.2.9", { isSecure: true })), []);
});

Deno.test("A transport that is not served leads nowhere; without UDP a plain URI goes by TCP", () => {
  assert.deepEqual(locate({ protocols: ["udp"] }, hop("192.0.2.9", { protocol: "tcp" })), []);
  assert.deepEqual(locate({ protocols: ["tcp"] }, hop("192.0.2.9")), ["tcp 192.0.2.9:5060 ?"]);
  assert.deepEqual(locate({ protocols: ["tls"] }, hop("192.0.2.9")), ["tls 192.0.2.9:5061 ?"]);
  assert.deepEqual(locate({ protocols: ["ws"] }, hop("192.0.2.9")), []);
});

Deno.test("An explicit port asks for addresses only", () => {
  const { asked, locator } = newLocator(HOST);
  const found = locator.locate(hop("example", { port: 5090 }));
  assert.ok(!(found instanceof Promise));
  assert.deepEqual(found, [
    { protocol: "udp", address: "192.0.2.1", port: 5090, domain: "example", isTransportFixed: false },
  ]);
  assert.deepEqual(asked, ["address example"]);
});

Deno.test("A name that this machine knows itself asks for addresses only", () => {
  const { asked, locator } = newLocator({ ...HOST, local: ["example"] });
  locator.locate(hop("example"));
  assert.deepEqual(asked, ["address example"]);
});

Deno.test("NAPTR leads to SRV leads to addresses; the domain stays that of the URI", () => {
  const world: World = {
    naptr: { "example": [rule("SIP+D2T", "tcp.elsewhere")] },
    srv: { "tcp.elsewhere": [server("pbx.elsewhere", 5070)] },
    addresses: { "pbx.elsewhere": ["192.0.2.7"] },
  };
  const { asked, locator } = newLocator(world);
  assert.deepEqual(locator.locate(hop("example.")), [
    { protocol: "tcp", address: "192.0.2.7", port: 5070, domain: "example", isTransportFixed: true },
  ]);
  assert.deepEqual(asked, ["NAPTR example", "SRV tcp.elsewhere", "address pbx.elsewhere"]);
});

Deno.test("Each service of RFC 3263 and RFC 7118, in any case; others are passed over", () => {
  const srv = { "s": [server("h", 6000)] };
  const addresses = { "h": ["192.0.2.7"] };
  const cases: [string, string[]][] = [
    ["SIP+D2U", ["udp 192.0.2.7:6000"]],
    ["sip+d2t", ["tcp 192.0.2.7:6000"]],
    ["SIPS+D2T", ["tls 192.0.2.7:6000"]],
    ["SIP+D2S", ["sctp 192.0.2.7:6000"]],
    ["SIP+D2W", ["ws 192.0.2.7:6000"]],
    ["SIPS+D2W", ["wss 192.0.2.7:6000"]],
    ["SIPS+D2S", []],
    ["E2U+sip", []],
    ["", []],
  ];
  for (const [service, expected] of cases) {
    assert.deepEqual(
      locate({ naptr: { "example": [rule(service, "s")] }, srv, addresses }, hop("example")),
      expected,
    );
  }
});

Deno.test("Only flag s, without expression, with a replacement, leads to servers", () => {
  const srv = { "s": [server("h")] };
  const addresses = { "h": ["192.0.2.7"] };
  const found = (rest: Partial<NaptrRecord>) =>
    locate({ naptr: { "example": [rule("SIP+D2U", "s", 10, rest)] }, srv, addresses }, hop("example"));
  assert.equal(found({ flags: "S" }).length, 1);
  for (
    const rest of [{ flags: "a" }, { flags: "u" }, { flags: "" }, { regexp: "!.*!sip:a@b!" }, {
      replacement: ".",
    }]
  ) {
    assert.deepEqual(found(rest), []);
  }
});

Deno.test("Services that are not served are passed over; sips: takes those with TLS only", () => {
  const world: World = {
    naptr: { "example": [rule("SIP+D2U", "u", 10), rule("SIP+D2T", "t", 20), rule("SIPS+D2T", "s", 30)] },
    srv: { u: [server("h", 1)], t: [server("h", 2)], s: [server("h", 3)] },
    addresses: { h: ["192.0.2.7"] },
  };
  assert.deepEqual(locate(world, hop("example")), ["udp 192.0.2.7:1"]);
  assert.deepEqual(locate({ ...world, protocols: ["tcp", "tls"] }, hop("example")), ["tcp 192.0.2.7:2"]);
  assert.deepEqual(locate(world, hop("example", { isSecure: true })), ["tls 192.0.2.7:3"]);
});

Deno.test("All services of the lowest order are used, by preference; a higher one only when that leads nowhere", () => {
  const naptr = {
    "example": [rule("SIP+D2T", "t", 10), rule("SIP+D2U", "u", 10), rule("SIPS+D2T", "s", 20)],
  };
  const srv = { t: [server("h", 2)], u: [server("h", 1)], s: [server("h", 3)] };
  const addresses = { h: ["192.0.2.7"] };
  assert.deepEqual(locate({ naptr, srv, addresses }, hop("example")), ["tcp 192.0.2.7:2", "udp 192.0.2.7:1"]);
  assert.deepEqual(locate({ naptr, srv: { s: srv.s }, addresses }, hop("example")), ["tls 192.0.2.7:3"]);
});

Deno.test("Without NAPTR, SRV of every transport served; TLS last for sip:", () => {
  const world: World = {
    srv: {
      "_sips._tcp.example": [server("h", 4)],
      "_sip._sctp.example": [server("h", 3)],
      "_sip._tcp.example": [server("h", 2)],
      "_sip._udp.example": [server("h", 1)],
    },
    addresses: { h: ["192.0.2.7"] },
  };
  const all = ["udp 192.0.2.7:1", "tcp 192.0.2.7:2", "sctp 192.0.2.7:3", "tls 192.0.2.7:4"];
  assert.deepEqual(locate(world, hop("example")), all);
  assert.deepEqual(locate({ ...world, failing: ["NAPTR example"] }, hop("example")), all);
  assert.deepEqual(locate({ ...world, protocols: ["tcp", "ws"] }, hop("example")), ["tcp 192.0.2.7:2"]);
  assert.deepEqual(locate(world, hop("example", { isSecure: true })), ["tls 192.0.2.7:4"]);
});

Deno.test("Without SRV, the addresses of the host and the default port", () => {
  assert.deepEqual(locate(HOST, hop("example")), ["udp 192.0.2.1:5060 ?"]);
  assert.deepEqual(locate(HOST, hop("example", { isSecure: true })), ["tls 192.0.2.1:5061"]);
  assert.deepEqual(locate({ ...HOST, failing: ["SRV _sip._udp.example"] }, hop("example")), [
    "udp 192.0.2.1:5060 ?",
  ]);
  assert.deepEqual(locate({}, hop("example")), []);
});

Deno.test("A transport without port asks for SRV of that transport", () => {
  const world: World = {
    naptr: { "example": [rule("SIP+D2U", "u")] },
    srv: { "_sip._tcp.example": [server("h", 2)], "_sips._tcp.example": [server("h", 4)] },
    addresses: { h: ["192.0.2.7"], "example": ["192.0.2.1"] },
  };
  const cases: [TransportProtocol, boolean, string[]][] = [
    ["tcp", false, ["tcp 192.0.2.7:2"]],
    ["tls", false, ["tls 192.0.2.7:4"]],
    ["tcp", true, ["tls 192.0.2.7:4"]],
    ["udp", false, ["udp 192.0.2.1:5060"]],
    ["ws", false, ["ws 192.0.2.1:80"]],
    ["ws", true, ["wss 192.0.2.1:443"]],
  ];
  for (const [protocol, isSecure, expected] of cases) {
    assert.deepEqual(locate(world, hop("example", { protocol, isSecure })), expected, protocol);
  }
});

Deno.test("A target of . says that the service is not there", () => {
  const world: World = { ...HOST, srv: { "_sip._udp.example": [server(".", 0)] } };
  assert.deepEqual(locate(world, hop("example")), []);
  assert.deepEqual(locate(world, hop("example", { protocol: "udp" })), []);
  const other = { "_sip._udp.example": [server(".", 0)], "_sip._tcp.example": [server("example", 5062)] };
  assert.deepEqual(locate({ ...HOST, srv: other }, hop("example")), ["tcp 192.0.2.1:5062"]);
});

Deno.test("Servers by priority and weight, anew for each request; one without address is passed over", () => {
  let number = 0;
  const world: World = {
    srv: {
      "_sip._udp.example": [
        server("b", 2, 20),
        server("gone", 9, 10),
        server("a", 1, 10, 1),
        server("c", 3, 10, 1),
      ],
    },
    addresses: { a: ["192.0.2.1"], b: ["192.0.2.2"], c: ["192.0.2.3"] },
    protocols: ["udp"],
    random: () => number,
  };
  const { locator } = newLocator(world);
  const found = () => {
    const destinations = locator.locate(hop("example"));
    assert.ok(!(destinations instanceof Promise));
    return destinations.map(({ port }) => port);
  };
  assert.deepEqual(found(), [1, 3, 2]);
  number = 0.99;
  assert.deepEqual(found(), [3, 1, 2]);
});

Deno.test("Families in turn, as far as there is a socket for them", () => {
  const addresses = { "example": ["[2001:db8::1]", "[2001:db8::2]", "[2001:db8::3]", "192.0.2.1"] };
  const found = (canReach?: World["canReach"]) =>
    locate({ addresses, canReach }, hop("example", { port: 1 }));
  assert.deepEqual(found(), [
    "udp [2001:db8::1]:1 ?",
    "udp 192.0.2.1:1 ?",
    "udp [2001:db8::2]:1 ?",
    "udp [2001:db8::3]:1 ?",
  ]);
  assert.deepEqual(found((_, address) => !address.startsWith("[")), ["udp 192.0.2.1:1 ?"]);
  assert.deepEqual(found(() => false), []);
  const v4First = { "example": ["192.0.2.1", "192.0.2.2", "[2001:db8::1]"] };
  assert.deepEqual(
    locate({ addresses: v4First }, hop("example", { port: 1 })),
    ["udp 192.0.2.1:1 ?", "udp [2001:db8::1]:1 ?", "udp 192.0.2.2:1 ?"],
  );
});

Deno.test("Sixteen places at most, none twice", () => {
  const addresses: Record<string, string[]> = {};
  const servers = Array.from({ length: 40 }, (_, i) => {
    addresses[`h${i}`] = ["192.0.2.1", `192.0.2.${i + 2}`];
    return server(`h${i}`, 5060, i);
  });
  const found = locate(
    { srv: { "_sip._udp.example": servers }, addresses, protocols: ["udp"] },
    hop("example"),
  );
  assert.equal(found.length, 16);
  assert.equal(new Set(found).size, 16);
  assert.deepEqual(found.slice(0, 3), ["udp 192.0.2.1:5060", "udp 192.0.2.2:5060", "udp 192.0.2.3:5060"]);
});

Deno.test("§4.3: what failed is tried last for a minute, or until it answers", () => {
  const { clock, locator } = newLocator({
    addresses: { "example": ["192.0.2.1", "192.0.2.2", "192.0.2.3"] },
  });
  const locateNow = () => {
    const found = locator.locate(hop("example", { port: 1 }));
    assert.ok(!(found instanceof Promise));
    return found;
  };
  const order = () => locateNow().map(({ address }) => address.at(-1)).join("");
  const [first, second] = locateNow();
  locator.noteFailure(first);
  assert.equal(order(), "231");
  locator.noteFailure(second);
  assert.equal(order(), "312");
  clock.advance(59_999);
  assert.equal(order(), "312");
  locator.noteSuccess(second);
  assert.equal(order(), "231");
  clock.advance(1);
  assert.equal(order(), "123");
  assert.deepEqual(locator.locate(hop("192.0.2.1", { protocol: "tcp" })), [
    { protocol: "tcp", address: "192.0.2.1", port: 5060, domain: "192.0.2.1", isTransportFixed: true },
  ]);
});

Deno.test("Failures of 1024 destinations are remembered, the oldest is forgotten", () => {
  const { locator } = newLocator({ addresses: { "example": ["192.0.2.1", "192.0.2.2"] } });
  const fail = (address: string) =>
    locator.noteFailure({ protocol: "udp", address, port: 1, domain: "example", isTransportFixed: false });
  const first = () => {
    const found = locator.locate(hop("example", { port: 1 }));
    return found instanceof Promise ? undefined : found[0].address;
  };
  fail("192.0.2.1");
  for (let i = 0; i < 1023; i++) fail(`10.0.${i >> 8}.${i & 255}`);
  assert.equal(first(), "192.0.2.2");
  fail("10.9.9.9");
  assert.equal(first(), "192.0.2.1");
});

Deno.test("While NAPTR or SRV are awaited, the questions that may follow are on their way", () => {
  const askedFor = (world: World, wanted: NextHop) => {
    const { asked, locator } = newLocator(world);
    assert.ok(locator.locate(wanted) instanceof Promise);
    return [...new Set(asked)];
  };
  const addresses = ["AAAA example", "A example"];
  assert.deepEqual(askedFor({ protocols: ["udp", "tls"], pending: ["NAPTR example"] }, hop("example")), [
    "NAPTR example",
    "SRV _sip._udp.example",
    "SRV _sips._tcp.example",
    ...addresses,
  ]);
  assert.deepEqual(
    askedFor({ pending: ["SRV _sip._tcp.example"] }, hop("example", { protocol: "tcp" })),
    ["SRV _sip._tcp.example", ...addresses],
  );
});

Deno.test("After five seconds what is known by then has to do", async () => {
  const world: World = {
    srv: { "_sip._udp.example": [server("slow", 1, 1), server("quick", 2, 2)] },
    addresses: { slow: ["192.0.2.1"], quick: ["192.0.2.2"], "example": ["192.0.2.9"] },
    protocols: ["udp"],
  };
  for (
    const [pending, expected] of [
      ["address slow", ["udp 192.0.2.2:2"]],
      ["NAPTR example", ["udp 192.0.2.1:1", "udp 192.0.2.2:2"]],
      ["SRV _sip._udp.example", ["udp 192.0.2.9:5060 ?"]],
    ] as const
  ) {
    const { clock, locator } = newLocator({ ...world, pending: [pending] });
    const found = locator.locate(hop("example"));
    assert.ok(found instanceof Promise);
    let isOver = false;
    void found.then(() => isOver = true);
    clock.advance(4999);
    await pause(0);
    assert.equal(isOver, false);
    clock.advance(1);
    assert.deepEqual((await found).map(format), expected);
    assert.equal(clock.pending, 0);
  }
});
