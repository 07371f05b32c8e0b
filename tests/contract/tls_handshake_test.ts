/** TLS handshakes, faulty and good, and what they negotiate. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import net from "node:net";
import { connect as connectTls } from "node:tls";
import { TlsContexts, type TlsSettings } from "../../src/transport/tls/tls_contexts.ts";
import { createConnectionTransport } from "../../src/transport/transport_factory.ts";
import { ended } from "./connection_contract.ts";
import { pause } from "../support/pause.ts";
import { tls, withoutHandshake, wss } from "./harnesses.ts";
import { LIMITS } from "./limits.ts";
import {
  contractTest,
  LOOPBACK,
  message,
  Peers,
  ServedTransport,
  type TransportHarness,
  within,
} from "./served_transport.ts";
import { askWithOpenssl } from "./openssl_client.ts";
import { certificates, localIdentity, tlsSettings } from "./test_authority.ts";
import type { Endpoint } from "./transport_peers.ts";

/** A ClientHello that announces more than comes. */
const BEGUN_HELLO = "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03";

function testStrangers(harness: TransportHarness): void {
  const { name } = harness;
  const raw = withoutHandshake(harness);

  for (
    const [what, text] of Object.entries({
      "SIP without TLS": message(1),
      "HTTP without TLS": "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
      "NUL bytes": "\0".repeat(1_000),
      "a record of a kind that is none": "\x99\x03\x01\0\x05hello",
      "an alert in the endpoint of a greeting": "\x15\x03\x01\0\x02\x02\x28",
      "a megabyte of noise": Buffer.from(crypto.getRandomValues(new Uint8Array(65_536))).toString("latin1")
        .repeat(16),
    })
  ) {
    contractTest(`${name}: ${what} ends the connection, counted once`, async () => {
      await using served = await ServedTransport.listen(harness);
      using peers = new Peers(raw);
      const peer = await peers.connect(served);
      await Promise.all([ended(peer), peer.write(text).catch(() => {})]);
      await served.until(() => served.violations.length > 0, "onViolation");
      assert.deepEqual([served.opened.length, served.violations.length], [0, 1]);
    });
  }

  contractTest(`${name}: who connects and leaves without a word is forgotten`, async () => {
    await using served = await ServedTransport.listen(harness, LOOPBACK, { maxConnectionsPerAddress: 2 });
    using peers = new Peers(raw);
    using clients = new Peers(harness);
    for (let i = 0; i < 20; i++) {
      (await peers.connect(served)).close();
      await pause(10);
    }
    await (await clients.connect(served)).write(message(1));
    await served.firstFlow();
  });

  contractTest(
    `${name}: a handshake that is never finished is cut off, even if bytes trickle in`,
    async () => {
      await using served = await ServedTransport.listen(harness, LOOPBACK, { messageTimeout: 200 });
      using peers = new Peers(raw);
      const [silent, begun, slow] = [
        await peers.connect(served),
        await peers.connect(served),
        await peers.connect(served),
      ];
      await begun.write(BEGUN_HELLO);
      let isEnded = false;
      const end = ended(slow).then(() => isEnded = true);
      for (const byte of BEGUN_HELLO + "x".repeat(400)) {
        if (isEnded) break;
        await slow.write(byte).catch(() => {});
        await pause(10);
      }
      await Promise.all([end, ended(silent), ended(begun)]);
      await pause(20);
      assert.deepEqual(
        [served.opened.length, served.violations.length],
        [0, 3],
        served.violations.join("\n"),
      );
    },
  );

  contractTest(`${name}: unfinished handshakes count against the connections of an address`, async () => {
    await using served = await ServedTransport.listen(harness, LOOPBACK, { maxConnectionsPerAddress: 2 });
    using peers = new Peers(raw);
    const [first, second] = [await peers.connect(served), await peers.connect(served)];
    await Promise.all([first.write(BEGUN_HELLO), second.write(BEGUN_HELLO)]);
    await ended(await peers.connect(served));
    assert.ok(served.violations.length >= 1);
    first.close();
    await pause(50);
    using clients = new Peers(harness);
    await (await clients.connect(served)).write(message(1));
    await served.firstFlow();
  });

  contractTest(`${name}: five hundred handshakes under way hinder nobody, and end`, async () => {
    await using served = await ServedTransport.listen(harness, LOOPBACK, { messageTimeout: 1_000 });
    using peers = new Peers(raw);
    const begun = await Promise.all(Array.from({ length: 500 }, () => peers.connect(served)));
    await Promise.all(begun.map((peer, number) => number % 2 ? peer.write(BEGUN_HELLO) : undefined));
    using clients = new Peers(harness);
    await (await clients.connect(served)).write(message(1));
    await served.firstFlow();
    await Promise.all(begun.map(ended));
    await served.until(() => served.violations.length >= 500, "onViolation for each");
    await pause(20);
    assert.deepEqual([served.opened.length, served.violations.length], [1, 500]);
  });

  contractTest(`${name}: close() ends handshakes under way`, async () => {
    const served = await ServedTransport.listen(harness);
    using peers = new Peers(raw);
    const begun = await Promise.all(Array.from({ length: 5 }, () => peers.connect(served)));
    await Promise.all(begun.map((peer) => peer.write(BEGUN_HELLO)));
    await pause(20);
    await served.close();
    await Promise.all(begun.map(ended));
  });
}

testStrangers(tls);
testStrangers(wss);

contractTest("TLS: a connection that ends without close_notify is no violation", async () => {
  await using served = await ServedTransport.listen(tls);
  using peers = new Peers(tls);
  const peer = await peers.connect(served);
  await peer.write(message(1));
  await served.firstFlow();
  peer.close();
  await served.until(() => served.closed.length === 1, "onFlowClosed");
  assert.deepEqual(served.violations, []);
});

/** A TLS transport with settings of its own. */
function withSettings(changes: Partial<TlsSettings>): TransportHarness {
  const contexts = new TlsContexts(tlsSettings(changes));
  return {
    ...tls,
    create: (endpoint, limits) =>
      createConnectionTransport({ ...endpoint, protocol: "tls" }, { ...LIMITS, ...limits }, contexts),
  };
}

const VERSIONS: readonly (readonly [TlsSettings["versions"], string, string | undefined])[] = [
  [["TLSv1.2", "TLSv1.3"], "-tls1_3", "TLSv1.3"],
  [["TLSv1.2", "TLSv1.3"], "-tls1_2", "TLSv1.2"],
  [["TLSv1.2", "TLSv1.3"], "-tls1_1", undefined],
  [["TLSv1.2"], "-tls1_3", undefined],
  [["TLSv1.2"], "-tls1_2", "TLSv1.2"],
  [["TLSv1.3"], "-tls1_3", "TLSv1.3"],
  [["TLSv1.3"], "-tls1_2", undefined],
];

for (const [versions, option, expected] of VERSIONS) {
  contractTest(
    `TLS: with ${versions.join(" and ")}, openssl ${option} gets ${expected ?? "nothing"}`,
    async () => {
      await using served = await ServedTransport.listen(withSettings({ versions }));
      const { version } = await askWithOpenssl(served.transport, [option, "-cipher", "ALL:@SECLEVEL=0"]);
      assert.equal(version, expected);
      await served.until(() => served.violations.length === (expected ? 0 : 1), "onViolation");
    },
  );
}

contractTest(
  "TLS: the certificate is chosen by server name; the first one where none fits or is asked for",
  async () => {
    const sources = [
      certificates.issue({ name: "first.example", dnsNames: ["first.example"] }),
      certificates.issue({ name: "second.example", dnsNames: ["second.example", "*.wild.example"] }),
      certificates.issue({ name: "third.example", uriNames: ["sip:third.example"] }),
      certificates.issue({ name: "fourth.example" }),
    ].map(({ both: path }) => ({ path, password: "" }));
    const other = certificates.issue({ name: "other.example", dnsNames: ["other.example"] });
    const harness = withSettings({
      certificates: [...sources, { path: other.both, password: "", domains: ["fifth.example"] }],
    });
    await using served = await ServedTransport.listen(harness);
    const expected = {
      "first.example": "first.example",
      "second.example": "second.example",
      "SECOND.example": "second.example",
      "sip.wild.example": "second.example",
      "third.example": "third.example",
      "fourth.example": "fourth.example",
      "fifth.example": "other.example",
      "other.example": "first.example",
      "unknown.example": "first.example",
    };
    for (const [serverName, subject] of Object.entries(expected)) {
      const answer = await askWithOpenssl(served.transport, ["-servername", serverName]);
      assert.equal(answer.subject, subject, serverName);
    }
    assert.equal((await askWithOpenssl(served.transport, ["-noservername"])).subject, "first.example");
  },
);

/** A connection from a port of 127.0.0.1, any free one when it is 0. */
async function connectFrom(localPort: number, to: Endpoint): Promise<net.Socket> {
  const socket = net.connect({ host: to.address, port: to.port, localAddress: "127.0.0.1", localPort });
  await once(socket, "connect");
  return socket;
}

contractTest(
  "TLS: one port of a peer may lead to two of our addresses, as translators of addresses do it",
  async () => {
    await using served = await ServedTransport.listen(tls, { address: "0.0.0.0", port: 0 });
    const { port } = served.transport;
    const one = await connectFrom(0, { address: "127.0.0.1", port });
    const other = await connectFrom(one.localPort ?? 0, { address: "127.0.0.77", port });
    await pause(20);
    other.destroy();
    await pause(20);
    const client = connectTls({ socket: one, ca: [localIdentity.authority], host: "127.0.0.1" });
    const closed = once(client, "close");
    client.on("error", () => {});
    client.write(message(1));
    try {
      await served.firstFlow();
    } finally {
      client.destroy();
      await within(closed, "the end of the client");
    }
  },
);
