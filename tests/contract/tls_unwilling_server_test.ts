/** Servers that do no TLS handshake to its end. */
import assert from "node:assert/strict";
import { tls, withoutHandshake } from "./harnesses.ts";
import {
  contractTest,
  failureOf,
  LOOPBACK,
  message,
  Peers,
  ServedTransport,
  within,
} from "./served_transport.ts";

contractTest("TLS: names that no server can have fail by onFailure", async () => {
  await using served = await ServedTransport.listen(tls, LOOPBACK, { messageTimeout: 300 });
  using servers = new Peers(withoutHandshake(tls));
  const listener = servers.listen();
  const domains = [
    "a_b.example",
    "-",
    "a..example",
    ".",
    "a.example.",
    "x".repeat(300),
    "\xe4.example",
    "[::1]",
    "[z]",
  ];
  const reasons = await Promise.all(domains.map((domain) => {
    return failureOf(served.transport.flowTo(listener.address, listener.port, domain), message(1));
  }));
  assert.ok(reasons.every((reason) => reason !== ""));
  await served.until(() => served.closed.length === domains.length, "onFlowClosed for each");
});

for (
  const [what, answer] of Object.entries({
    "speaks no TLS": "SIP/2.0 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
    "sends an alert": "\x15\x03\x03\0\x02\x02\x28",
    "never answers": "",
  })
) {
  contractTest(`TLS: a server that ${what} is given up, and learns nothing`, async () => {
    const limits = { messageTimeout: 300 };
    await using served = await ServedTransport.listen(tls, LOOPBACK, limits);
    using servers = new Peers(withoutHandshake(tls));
    const listener = servers.listen();
    const failure = failureOf(served.transport.flowTo(listener.address, listener.port), message(1));
    const server = await servers.accept(listener);
    await server.write(answer);
    assert.notEqual(await failure, "");
    assert.doesNotMatch(await within(server.readBytes(100_000), "the end"), /MESSAGE/);
    await served.until(() => served.closed.length === 1, "onFlowClosed");
  });
}
