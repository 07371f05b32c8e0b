/** Finding gateways by address. */
import assert from "node:assert/strict";
import { GatewayAddresses, hopToGateway } from "../../../../src/core/trunk/gateway_addresses.ts";
import { MemoryDirectory } from "../../../../src/data/directory.ts";
import type { Gateway } from "../../../../src/data/gateway.ts";
import { TimerWheel } from "../../../../src/runtime/timer_wheel.ts";
import type { Destination, NextHop } from "../../../../src/transport/dns/destination.ts";
import type { TransportProtocol } from "../../../../src/transport/transport.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { gateway as gatewayDocument } from "../../../support/resources.ts";
import { readResource } from "../../../support/scenario.ts";

function gateway(host: string, spec: Record<string, unknown> = {}): Gateway {
  return readResource(gatewayDocument(host, host, spec)) as Gateway;
}

function start(gateways: readonly Gateway[], zone: Record<string, readonly string[]>) {
  const clock = new FakeClock();
  const wheel = new TimerWheel(clock);
  const directory = new MemoryDirectory();
  directory.replace(gateways);
  const locate = ({ host, port = 5060 }: NextHop): readonly Destination[] =>
    (zone[host] ?? []).map((address) => ({
      protocol: "udp",
      address,
      port,
      domain: host,
      isTransportFixed: true,
    }));
  const addresses = new GatewayAddresses({
    directory,
    clock,
    locator: { locate },
    timer: (callback) => wheel.timer(callback),
  });
  addresses.start();
  const at = (remoteAddress: string, protocol: TransportProtocol = "udp") =>
    addresses.at({ remoteAddress, protocol }).map(({ ref }) => ref);
  return { clock, directory, addresses, at };
}

Deno.test("at(): a gateway is at all addresses of its host and of its registries", () => {
  const zone = { "a.example": ["192.0.2.1", "192.0.2.2"], "b.example": ["[2001:db8::1]"] };
  const { at } = start([gateway("a.example", { registries: ["b.example"] })], zone);
  assert.deepEqual(at("192.0.2.1"), ["a.example"]);
  assert.deepEqual(at("192.0.2.2"), ["a.example"]);
  assert.deepEqual(at("[2001:db8::1]"), ["a.example"]);
  assert.deepEqual(at("192.0.2.3"), []);
});

Deno.test("at(): a gateway comes by its own transport, or by one whose source is harder to forge", () => {
  const zone = { "a.example": ["192.0.2.1"] };
  const came = (transport: TransportProtocol) => {
    const { at } = start([gateway("a.example", { transport })], zone);
    return (["udp", "tcp", "tls", "sctp", "ws", "wss"] as const).filter((protocol) =>
      at("192.0.2.1", protocol).length > 0
    );
  };
  assert.deepEqual(came("udp"), ["udp", "tcp", "tls"]);
  assert.deepEqual(came("tcp"), ["tcp", "tls"]);
  assert.deepEqual(came("tls"), ["tls"]);
  assert.deepEqual(came("wss"), ["wss"]);
});

Deno.test("at(): gateways may share an address", () => {
  const zone = { "a.example": ["192.0.2.1"], "b.example": ["192.0.2.1"] };
  const { at } = start([gateway("a.example"), gateway("b.example")], zone);
  assert.deepEqual(at("192.0.2.1"), ["a.example", "b.example"]);
});

Deno.test("add(): where a gateway has registered us it is, too, until it was not seen for two hours", () => {
  const a = gateway("a.example");
  const { at, addresses, clock } = start([a], {});
  addresses.add(a, "192.0.2.9");
  assert.deepEqual(at("192.0.2.9"), ["a.example"]);
  clock.advance(7_000_000);
  assert.deepEqual(at("192.0.2.9"), ["a.example"]);
  addresses.add(a, "192.0.2.9");
  clock.advance(7_000_000);
  assert.deepEqual(at("192.0.2.9"), ["a.example"]);
  clock.advance(300_000);
  assert.deepEqual(at("192.0.2.9"), []);
});

Deno.test("a gateway that is removed or changed is not where it was", () => {
  const zone: Record<string, string[]> = { "a.example": ["192.0.2.1"] };
  const a = gateway("a.example");
  const { at, addresses, directory } = start([a], zone);
  addresses.add(a, "192.0.2.9");
  directory.replace([gateway("a.example", { expires: 60 })]);
  assert.deepEqual(at("192.0.2.9"), [], "what was learned belonged to another resource");
  assert.deepEqual(at("192.0.2.1"), ["a.example"]);
  addresses.add(a, "192.0.2.9");
  assert.deepEqual(at("192.0.2.9"), [], "a late answer to the old one");
  directory.replace([]);
  assert.deepEqual(at("192.0.2.1"), []);
});

Deno.test("names are looked up again and again", () => {
  const zone: Record<string, string[]> = {};
  const { at, clock } = start([gateway("a.example")], zone);
  assert.deepEqual(at("192.0.2.1"), []);
  zone["a.example"] = ["192.0.2.1"];
  clock.advance(31_000);
  assert.deepEqual(at("192.0.2.1"), ["a.example"]);
});

Deno.test("a gateway with a great many addresses has the first 64", () => {
  const many = Array.from({ length: 200 }, (_, i) => `192.0.2.${i}`);
  const { at } = start([gateway("a.example")], { "a.example": many });
  assert.deepEqual(at("192.0.2.63"), ["a.example"]);
  assert.deepEqual(at("192.0.2.64"), []);
});

Deno.test("hopToGateway(): transport and port are those of the resource, IPv6 in brackets", () => {
  const hop = hopToGateway(gateway("[2001:db8::5]:5070", { transport: "tls" }));
  assert.deepEqual(hop, { host: "[2001:db8::5]", port: 5070, protocol: "tls", isSecure: true });
});
