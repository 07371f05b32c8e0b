/** Our Record-Route entries: which requests they take where. */
import assert from "node:assert/strict";
import { type DialogEnds, DialogRoutes } from "../../../../src/core/proxy/dialog_route.ts";
import { FlowTexts } from "../../../../src/core/flows/flow_text.ts";
import { SipUri } from "../../../../src/message/sip_uri.ts";
import type { Flow } from "../../../../src/transport/transport.ts";
import { MemoryTransport } from "../../../support/memory_transport.ts";
import { request } from "../requests.ts";
import { IDLE_USER, transportRig } from "../../../support/transport_rig.ts";

const FROM_CALLER = "From: <sip:a@x>;tag=caller\nTo: <sip:b@x>;tag=callee\nCall-ID: call";
const FROM_CALLEE = "From: <sip:b@x>;tag=callee\nTo: <sip:a@x>;tag=caller\nCall-ID: call";

async function start() {
  const { layer: transport } = transportRig();
  const udp = new MemoryTransport("udp", "192.0.2.1", 5060);
  const udp6 = new MemoryTransport("udp", "[2001:db8::1]", 5060);
  const tcp = new MemoryTransport("tcp", "192.0.2.1", 5060);
  for (const one of [udp, udp6, tcp]) await transport.open(one, IDLE_USER);
  const routes = new DialogRoutes({ flows: new FlowTexts(transport, "epoch"), key: "key" });
  /** Those of a server that has the key, and has not signed anything. */
  const anew = () => new DialogRoutes({ flows: new FlowTexts(transport, "epoch"), key: "key" });
  const invite = request("INVITE sip:b@x SIP/2.0\nFrom: <sip:a@x>;tag=caller\nTo: <sip:b@x>\nCall-ID: call");
  /** Signs, and opens for a BYE with these lines. */
  const open = (ends: DialogEnds, lines: string, opener = routes, from?: Flow) => {
    const uri = SipUri.parse(
      `sip:${routes.tokenFor(invite, ends, { isSecure: false, annotations: "" })}@192.0.2.1;lr`,
    )!;
    const near = from ?? (lines === FROM_CALLER ? ends.caller : ends.callee);
    return opener.open(uri, request(`BYE sip:b@x SIP/2.0\n${lines}`), near);
  };
  const connect = (port: number) => {
    tcp.receive("\r\n\r\n", { address: "192.0.2.9", port });
    return tcp.flowTo("192.0.2.9", port);
  };
  return { transport, udp, udp6, tcp, routes, anew, invite, open, connect };
}

function place(flow: Flow | undefined): string {
  return `${flow?.transport.protocol} ${flow?.remoteAddress}:${flow?.remotePort}`;
}

Deno.test("open(): the caller's requests go to the callee's flow, the callee's to the caller's", async () => {
  const { udp, udp6, open } = await start();
  const ends = { caller: udp.flowTo("198.51.100.7", 40000), callee: udp6.flowTo("[2001:db8::99]", 5062) };
  assert.equal(place(open(ends, FROM_CALLER)?.flow), "udp [2001:db8::99]:5062");
  assert.equal(place(open(ends, FROM_CALLEE)?.flow), "udp 198.51.100.7:40000");
});

Deno.test("open(): a connection of the peer is found as long as it is open", async () => {
  const { udp, tcp, open, connect } = await start();
  const ends = { caller: connect(40001), callee: udp.flowTo("192.0.2.12", 5060) };
  assert.equal(open(ends, FROM_CALLEE)?.flow, ends.caller);
  tcp.closeConnection("192.0.2.9", 40001);
  assert.deepEqual(open(ends, FROM_CALLEE)?.flow, undefined);
  assert.equal(open(ends, FROM_CALLEE)?.to, "caller");
  // Another connection from the same port is another device, as far as we know.
  connect(40001);
  assert.deepEqual(open(ends, FROM_CALLEE)?.flow, undefined);
  assert.equal(open(ends, FROM_CALLEE)?.to, "caller");
  assert.equal(place(open(ends, FROM_CALLER)?.flow), "udp 192.0.2.12:5060");
});

Deno.test("open(): whether a request came by the flow of its end when the dialog began", async () => {
  const { udp, routes, open } = await start();
  const ends = { caller: udp.flowTo("198.51.100.7", 40000), callee: udp.flowTo("192.0.2.12", 5060) };
  assert.equal(open(ends, FROM_CALLER)?.isFromOrigin, true);
  assert.equal(open(ends, FROM_CALLER, routes, udp.flowTo("203.0.113.9", 40001))?.isFromOrigin, false);
  assert.equal(open(ends, FROM_CALLER, routes, ends.callee)?.isFromOrigin, false);
});

Deno.test("open(): a connection that we made is made again", async () => {
  const { udp, tcp, open } = await start();
  const ends = { caller: udp.flowTo("192.0.2.11", 5060), callee: tcp.flowTo("192.0.2.12", 5060) };
  tcp.closeConnection("192.0.2.12", 5060);
  const flow = open(ends, FROM_CALLER)?.flow;
  assert.equal(place(flow), "tcp 192.0.2.12:5060");
  assert.ok(flow?.isOpen && flow !== ends.callee);
});

for (const isRemembered of [true, false]) {
  const whose = isRemembered ? "that was signed here" : "that another process has signed";

  Deno.test(`open(): a token ${whose} is known in the requests of both ends, time and again`, async () => {
    const { udp, open, routes, anew } = await start();
    const ends = { caller: udp.flowTo("192.0.2.11", 5060), callee: udp.flowTo("192.0.2.12", 5060) };
    const opener = isRemembered ? routes : anew();
    for (let i = 0; i < 3; i++) {
      const toCallee = open(ends, FROM_CALLER, opener);
      const toCaller = open(ends, FROM_CALLEE, opener);
      assert.deepEqual([toCallee?.to, place(toCallee?.flow)], ["callee", "udp 192.0.2.12:5060"]);
      assert.deepEqual([toCaller?.to, place(toCaller?.flow)], ["caller", "udp 192.0.2.11:5060"]);
      assert.deepEqual([toCallee?.isFromOrigin, toCaller?.isFromOrigin], [true, true]);
      assert.deepEqual([toCallee?.annotations, toCallee?.token], ["", toCaller?.token]);
    }
  });

  Deno.test(`open(): a token ${whose} is nothing in another dialog`, async () => {
    const { udp, open, routes, anew } = await start();
    const ends = { caller: udp.flowTo("192.0.2.11", 5060), callee: udp.flowTo("192.0.2.12", 5060) };
    for (
      const lines of [
        FROM_CALLER.replace("Call-ID: call", "Call-ID: other"),
        FROM_CALLER.replace("tag=caller", "tag=other"),
        FROM_CALLER.replace(";tag=callee", ""),
        "From: <sip:a@x>\nTo: <sip:b@x>;tag=callee\nCall-ID: call",
      ]
    ) {
      const opener = isRemembered ? routes : anew();
      assert.equal(open(ends, lines, opener), undefined, lines);
      assert.ok(open(ends, FROM_CALLER, opener));
      assert.equal(open(ends, lines, opener), undefined, lines);
    }
  });

  Deno.test(`open(): every single character of a token ${whose} counts`, async () => {
    const { udp, routes, anew, invite } = await start();
    const ends = { caller: udp.flowTo("192.0.2.11", 5060), callee: udp.flowTo("192.0.2.12", 5060) };
    const user = routes.tokenFor(invite, ends, { isSecure: false, annotations: "mark" });
    const bye = request(`BYE sip:b@x SIP/2.0\n${FROM_CALLER}`);
    const open = (token: string, opener: DialogRoutes) =>
      opener.open(SipUri.parse(`sip:${token}@192.0.2.1;lr`)!, bye, ends.caller);
    const forged = Array.from(
      user,
      (character, i) => `${user.slice(0, i)}${character === "1" ? "2" : "1"}${user.slice(i + 1)}`,
    );
    for (
      const other of [
        ...forged,
        "bob",
        "x",
        user.slice(0, 16),
        `${user.slice(0, 16)}.`,
        `${user}.`,
        `${user}.c1`,
      ]
    ) {
      const opener = isRemembered ? routes : anew();
      assert.equal(open(other, opener), undefined, other);
      assert.equal(open(user, opener)?.annotations, "mark");
      assert.equal(open(other, opener), undefined, other);
    }
    assert.equal(routes.open(SipUri.parse("sip:192.0.2.1;lr")!, bye, ends.caller), undefined);
  });

  Deno.test(`open(): a token ${whose} for sips: is nothing in a sip: URI, nor the other way round`, async () => {
    const { udp, routes, anew, invite } = await start();
    const ends = { caller: udp.flowTo("192.0.2.11", 5060), callee: udp.flowTo("192.0.2.12", 5060) };
    const bye = request(`BYE sip:b@x SIP/2.0\n${FROM_CALLER}`);
    const tls: Flow = Object.assign(Object.create(ends.caller), { protocol: "tls" });
    for (const isSecure of [true, false]) {
      const user = routes.tokenFor(invite, ends, { isSecure, annotations: "" });
      const opener = isRemembered ? routes : anew();
      const open = (scheme: string) => opener.open(SipUri.parse(`${scheme}:${user}@192.0.2.1;lr`)!, bye, tls);
      for (let i = 0; i < 2; i++) {
        assert.equal(open("sips")?.to, isSecure ? "callee" : undefined);
        assert.equal(open("sip")?.to, isSecure ? undefined : "callee");
      }
    }
  });
}

Deno.test("open(): an entry of another server is nothing", async () => {
  const { udp, open, transport } = await start();
  const ends = { caller: udp.flowTo("192.0.2.11", 5060), callee: udp.flowTo("192.0.2.12", 5060) };
  assert.equal(
    open(
      ends,
      FROM_CALLER,
      new DialogRoutes({ flows: new FlowTexts(transport, "epoch"), key: "another key" }),
    ),
    undefined,
  );
});

Deno.test("seal(): the entry is a user part as it stands, short enough for old phones", async () => {
  const { udp6, routes, invite } = await start();
  const far = udp6.flowTo("[2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]", 65535);
  const user = routes.tokenFor(invite, { caller: far, callee: far }, { isSecure: false, annotations: "" });
  assert.match(user, /^[0-9a-z._-]+$/);
  assert.ok(user.length <= 128, user);
});
