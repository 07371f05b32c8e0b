import assert from "node:assert/strict";
import {
  defaultPort,
  isReliable,
  nextFlowId,
  type TransportProtocol,
} from "../../../src/transport/transport.ts";

Deno.test("§19.1.2 and RFC 7118 §5: default ports; only UDP is unreliable", () => {
  const table: [protocol: TransportProtocol, port: number, reliable: boolean][] = [
    ["udp", 5060, false],
    ["tcp", 5060, true],
    ["sctp", 5060, true],
    ["tls", 5061, true],
    ["ws", 80, true],
    ["wss", 443, true],
  ];
  for (const [protocol, port, reliable] of table) {
    assert.deepEqual([defaultPort(protocol), isReliable(protocol)], [port, reliable], protocol);
  }
});

Deno.test("Flow numbers are never given twice", () => {
  const numbers = Array.from({ length: 1_000 }, nextFlowId);
  assert.equal(new Set(numbers).size, 1_000);
});
