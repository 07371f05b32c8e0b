import assert from "node:assert/strict";
import { Connection, type ConnectionPeer } from "../../../src/transport/connection.ts";
import type { ConnectionLimits } from "../../../src/transport/connection_limits.ts";
import { ConnectionTable } from "../../../src/transport/connection_table.ts";
import type { Flow, Transport, TransportEvents } from "../../../src/transport/transport.ts";
import type { Wire } from "../../../src/transport/wire.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const LIMITS: ConnectionLimits = {
  maxMessageSize: 10_000,
  maxHeadSize: 10_000,
  maxConnections: 5,
  maxConnectionsPerAddress: 2,
  idleTimeout: 60_000,
  messageTimeout: 160,
  maxUnsentBytes: 10_000,
  maxTotalUnsentBytes: 67_108_864,
  maxUnfinishedBytes: 1_000,
};

const TRANSPORT = { protocol: "tls", address: "127.0.0.1", port: 5061 } as Transport;

/** Time between two checks of the table. */
const CHECK_INTERVAL_MS = 20;

/** A table with its events, and connections that write nowhere. */
class Table implements Disposable, TransportEvents {
  readonly clock = new FakeClock();
  readonly table: ConnectionTable;
  readonly violations: string[] = [];
  readonly closed: Flow[] = [];
  pings = 0;

  constructor(limits: Partial<ConnectionLimits> = {}) {
    this.table = new ConnectionTable({ ...LIMITS, clock: this.clock, ...limits }, this);
  }

  connection(peer: Partial<ConnectionPeer> = {}): Connection {
    const { table } = this;
    const place = { address: "192.0.2.1", port: 5061, isInbound: false, ...peer };
    const connection = new Connection(TRANSPORT, place, { host: table });
    table.add(connection);
    return connection;
  }

  /** Gives a connection a wire, and its peer names. */
  attach(connection: Connection, peerNames: readonly string[] = []): void {
    const wire: Wire = {
      write: () => {},
      ping: () => this.pings++,
      end: () => queueMicrotask(() => connection.onClosed("Ended")),
      destroy: () => {},
    };
    connection.attach(wire, peerNames);
  }

  onMessage(): void {}
  onRejected(): void {}
  onFlowOpened(): void {}

  onFlowClosed(flow: Flow): void {
    this.closed.push(flow);
  }

  onViolation(reason: string): void {
    this.violations.push(reason);
  }

  /** Lets time pass until the table has checked, and events were delivered. */
  async check(): Promise<void> {
    this.clock.advance(CHECK_INTERVAL_MS);
    await new Promise((resolve) => queueMicrotask(() => resolve(undefined)));
  }

  [Symbol.dispose](): void {
    this.table.close();
  }
}

Deno.test("a connection is found by address, port and domain, until it ends", () => {
  using tested = new Table();
  const { table } = tested;
  const [plain, a, b] = [undefined, "a.example", "b.example"].map((domain) => tested.connection({ domain }));
  const found = () =>
    [undefined, "a.example", "b.example"].map((domain) => table.get("192.0.2.1", 5061, domain));
  assert.deepEqual(found(), [plain, a, b]);
  assert.equal(table.get("192.0.2.1", 5062), undefined);
  assert.equal(table.get("192.0.2.2", 5061), undefined);
  assert.equal(table.get("192.0.2.1", 5061, "c.example"), undefined);
  a.end("Over");
  assert.deepEqual(found(), [plain, undefined, b]);
});

Deno.test("the end of a connection takes nothing from the one that came in its place", () => {
  using tested = new Table();
  const [first, second] = [tested.connection(), tested.connection()];
  first.end("Over");
  assert.equal(tested.table.get("192.0.2.1", 5061), second);
});

Deno.test("RFC 5923: an alias leads to a connection for each name of its peer, and ends with it", () => {
  using tested = new Table();
  const { table } = tested;
  const inbound = tested.connection({ port: 40_000, isInbound: true });
  tested.attach(inbound, ["a.example", "b.example"]);
  inbound.addAlias(5061);
  assert.equal(table.get("192.0.2.1", 5061, "a.example"), inbound);
  assert.equal(table.get("192.0.2.1", 5061, "b.example"), inbound);
  assert.equal(table.get("192.0.2.1", 5061), undefined);
  assert.equal(table.get("192.0.2.1", 5061, "c.example"), undefined);
  assert.equal(table.get("192.0.2.2", 5061, "a.example"), undefined);
  inbound.end("Over");
  assert.equal(table.get("192.0.2.1", 5061, "a.example"), undefined);
});

Deno.test("an alias does not take the place of an open connection", () => {
  using tested = new Table();
  const ours = tested.connection({ domain: "a.example" });
  const inbound = tested.connection({ port: 40_000, isInbound: true });
  tested.attach(inbound, ["a.example"]);
  inbound.addAlias(5061);
  assert.equal(tested.table.get("192.0.2.1", 5061, "a.example"), ours);
  inbound.end("Over");
  assert.equal(tested.table.get("192.0.2.1", 5061, "a.example"), ours);
});

Deno.test("the aliases of a connection are bounded", () => {
  using tested = new Table();
  const inbound = tested.connection({ port: 40_000, isInbound: true });
  tested.attach(inbound, ["a.example"]);
  for (let i = 0; i < 100; i++) inbound.addAlias(5061);
  for (let port = 1; port < 1_000; port++) inbound.addAlias(port);
  assert.ok(inbound.aliases.length < 100, `${inbound.aliases.length} aliases of one connection`);
});

Deno.test("sockets are counted, all together and by address", () => {
  using tested = new Table();
  const { table } = tested;
  const releases = [table.count("192.0.2.1"), table.count("192.0.2.1")];
  assert.match(table.refusal("192.0.2.1", true) ?? "", /with 192\.0\.2\.1/);
  assert.equal(table.refusal("192.0.2.2", true), undefined);
  for (const host of ["[::1]", "[::2]", "[::3]"]) releases.push(table.count(host));
  assert.equal(table.refusal("192.0.2.2", true), "Too many connections");
  for (const release of releases) release();
  for (const host of ["192.0.2.1", "192.0.2.2"]) assert.equal(table.refusal(host, true), undefined);
  tested[Symbol.dispose]();
  assert.equal(table.refusal("192.0.2.1", true), "Transport is closed");
});

Deno.test("an address that was told of its denial cannot connect again; we can still call it", () => {
  const refused = new Set(["192.0.2.1"]);
  using tested = new Table({ isRefused: (address) => refused.has(address) });
  const { table } = tested;
  assert.equal(table.refusal("192.0.2.1", true), "Access is denied");
  assert.equal(table.refusal("192.0.2.1", false), undefined);
  assert.equal(table.refusal("192.0.2.2", true), undefined);
  refused.clear();
  assert.equal(table.refusal("192.0.2.1", true), undefined);
});

Deno.test("the connection of an address that was told of its denial ends soon, without a violation", async () => {
  const refused = new Set<string>();
  using tested = new Table({ isRefused: (address) => refused.has(address) });
  const [inbound, other, own] = [
    tested.connection({ port: 40_000, isInbound: true }),
    tested.connection({ address: "192.0.2.2", port: 40_000, isInbound: true }),
    tested.connection(),
  ];
  for (const connection of [inbound, other, own]) {
    tested.attach(connection);
    connection.onMessage("");
  }
  await tested.check();
  assert.equal(inbound.isOpen, true);
  refused.add("192.0.2.1");
  await tested.check();
  assert.deepEqual([inbound.isOpen, other.isOpen, own.isOpen], [false, true, true]);
  assert.deepEqual([tested.closed, tested.violations], [[inbound], []]);
});

Deno.test("a handshake that takes too long is refused once, one that is over is not", async () => {
  using tested = new Table();
  const refused: string[] = [];
  tested.table.awaitHandshake(() => refused.push("slow"));
  tested.table.awaitHandshake(() => refused.push("quick"))();
  await tested.check();
  assert.deepEqual(refused, []);
  tested.clock.advance(LIMITS.messageTimeout);
  await tested.check();
  await tested.check();
  assert.deepEqual([refused, tested.violations], [["slow"], ["Handshake was not finished in time"]]);
});

Deno.test("an idle connection ends without a violation", async () => {
  using tested = new Table();
  const [idle, busy] = [tested.connection(), tested.connection({ port: 5062 })];
  tested.attach(idle);
  tested.attach(busy);
  tested.clock.advance(40_000);
  busy.onTraffic();
  tested.clock.advance(40_000);
  await tested.check();
  assert.deepEqual([idle.isOpen, busy.isOpen, tested.closed, tested.violations], [false, true, [idle], []]);
});

Deno.test("a connection that cannot be made in time is given up", async () => {
  using tested = new Table();
  const connection = tested.connection();
  const failures: string[] = [];
  connection.send("text", (reason) => failures.push(reason));
  tested.clock.advance(LIMITS.messageTimeout + 1);
  await tested.check();
  assert.deepEqual([connection.isOpen, failures], [false, ["Connection could not be made in time"]]);
});

Deno.test("an inbound connection that is not established ends after some time, whatever its peer sends", async () => {
  using tested = new Table({ maxConnectionsPerAddress: 9 });
  const [unestablished, established, own] = [true, true, false].map((isInbound, i) =>
    tested.connection({ port: i + 1, isInbound })
  );
  for (const connection of [unestablished, established, own]) {
    tested.attach(connection);
    connection.onMessage("");
  }
  established.markEstablished();
  tested.clock.advance(4 * LIMITS.messageTimeout - 50);
  for (const connection of [unestablished, established, own]) connection.onTraffic();
  await tested.check();
  assert.equal(unestablished.isOpen, true);
  tested.clock.advance(100);
  await tested.check();
  assert.deepEqual([unestablished.isOpen, established.isOpen, own.isOpen], [false, true, true]);
});

Deno.test("one connection in sixteen is kept for our own, and IPv6 peers are counted by their network", () => {
  using tested = new Table({ maxConnections: 32, maxConnectionsPerAddress: 20 });
  const { table } = tested;
  for (let i = 1; i <= 20; i++) table.count(`[2001:db8:0:1::${i.toString(16)}]`);
  assert.match(table.refusal("[2001:db8:0:1:ffff::1]", true) ?? "", /Too many connections with/);
  assert.equal(table.refusal("[2001:db8:0:2::1]", true), undefined);
  for (let i = 1; i <= 10; i++) table.count(`192.0.2.${i}`);
  assert.equal(table.refusal("192.0.2.99", true), "Too many connections");
  assert.equal(table.refusal("192.0.2.99", false), undefined);
});

Deno.test("pings go to every connection each 25 seconds, to a 25th of them in each", async () => {
  using tested = new Table();
  for (let port = 1; port <= 100; port++) tested.attach(tested.connection({ port }));
  tested.clock.advance(5_000);
  await tested.check();
  assert.equal(tested.pings, 20);
  tested.clock.advance(20_000);
  await tested.check();
  assert.equal(tested.pings, 100);
});

Deno.test("a peer that reads nothing of what waits for it is cut off, one that reads some is not", async () => {
  using tested = new Table();
  const [stalled, slow] = [1, 2].map((port) => tested.connection({ port }));
  for (const connection of [stalled, slow]) {
    tested.attach(connection);
    for (let i = 0; i < 3; i++) connection.send("message");
  }
  tested.clock.advance(LIMITS.messageTimeout - 10);
  slow.onWritten(1);
  tested.clock.advance(20);
  await tested.check();
  assert.deepEqual([stalled.isOpen, slow.isOpen, tested.violations], [false, true, ["Peer does not read"]]);
});

Deno.test("when too much waits for all peers, the one that has not read for longest makes room", () => {
  using tested = new Table({ maxTotalUnsentBytes: 4_000 });
  const [first, second, busy] = [1, 2, 3].map((port) => tested.connection({ port }));
  for (const connection of [first, second, busy]) tested.attach(connection);
  const failed: string[] = [];
  for (const connection of [first, second]) {
    tested.clock.advance(10);
    connection.send("x".repeat(1_000), (reason) => failed.push(reason));
  }
  tested.clock.advance(10);
  busy.send("x".repeat(2_000));
  assert.deepEqual([first.isOpen, second.isOpen, busy.isOpen], [false, true, true]);
  busy.send("x".repeat(1_000));
  assert.deepEqual([second.isOpen, busy.isOpen], [false, true]);
  assert.ok(tested.table.unsentBytes <= 4_000);
});

Deno.test("bytes of unfinished messages are counted over all connections; who holds most ends when they are too many", () => {
  using tested = new Table({ maxConnectionsPerAddress: 9 });
  const connections = [1, 2, 3].map((port) => tested.connection({ port }));
  for (const connection of connections) tested.attach(connection);
  connections[0].onUnfinished(600);
  connections[0].onUnfinished(400);
  connections[1].onUnfinished(600);
  assert.equal(tested.table.unfinishedBytes, 1_000);
  connections[2].onUnfinished(1);
  assert.deepEqual(connections.map(({ isOpen }) => isOpen), [true, false, true]);
  assert.deepEqual([tested.table.unfinishedBytes, tested.violations.length], [401, 1]);
  connections[0].end("Over");
  assert.equal(tested.table.unfinishedBytes, 1);
});

Deno.test("close() ends connections and handshakes", async () => {
  const tested = new Table();
  const connection = tested.connection();
  let isRefused = false;
  tested.table.awaitHandshake(() => isRefused = true);
  tested[Symbol.dispose]();
  await tested.check();
  assert.deepEqual([connection.isOpen, isRefused, tested.closed], [false, true, [connection]]);
});
