/** The HTTP front: how it starts, moves, stops, and comes again. */
import assert from "node:assert/strict";
import { FakeClock } from "../support/fake_clock.ts";
import { contractTest, within } from "../contract/served_transport.ts";
import { eventually, SCHEMES, ServedFront } from "../contract/served_front.ts";

/** Milliseconds between two questions to a thread whether it is well. */
const PING_INTERVAL = 5000;
const FAILING = new URL("../contract/failing_front.ts", import.meta.url);

function failureOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(() => "nothing", (error: Error) => error.message);
}

contractTest(
  "HTTP: a port that is taken, or an address of others, is why the front does not start",
  async () => {
    await using served = await ServedFront.start();
    const { port } = served;
    assert.equal(
      await failureOf(ServedFront.start({ port })),
      `Cannot listen on 127.0.0.1:${port}: the port is taken`,
    );
    assert.equal(
      await failureOf(ServedFront.start({ bindAddr: "192.0.2.1" })),
      "Cannot listen on 192.0.2.1:0: the address is not one of this machine",
    );
  },
);

for (const [scheme, options] of Object.entries(SCHEMES)) {
  contractTest(
    `${scheme}: the front moves to another address, and requests under way are answered`,
    async () => {
      const answer = Promise.withResolvers<Response>();
      const handler = ({ url }: Request) =>
        url.endsWith("/slow") ? answer.promise : Promise.resolve(new Response("done"));
      await using served = await ServedFront.start({ ...options, handler });
      using client = await served.connect();
      await client.write("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
      await eventually(() => served.requests.length === 1, "the request");
      const { address, port } = await within(served.front.move("0.0.0.0"), "the move");
      assert.deepEqual({ address, port }, { address: "0.0.0.0", port: served.port });
      assert.equal(await (await served.fetch("/")).text(), "done");
      answer.resolve(new Response("at last"));
      assert.match(await client.rest(), /^HTTP\/1\.1 200 .*Connection: close\r\n.*at last$/is);
    },
  );

  contractTest(`${scheme}: a request that began before a move still has to be there in time`, async () => {
    await using served = await ServedFront.start({ ...options, limits: { timeoutMillis: 300 } });
    using client = await served.connect();
    await client.write("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    await client.until("100 Continue\r\n\r\n");
    await within(served.front.move("127.0.0.2"), "the move");
    assert.match(await client.rest(), /^HTTP\/1\.1 408 /);
  });
}

contractTest("HTTP: a move that cannot be made leaves the front where it was", async () => {
  await using served = await ServedFront.start();
  assert.match(await failureOf(served.front.move("192.0.2.1")), /not one of this machine$/);
  assert.equal((await served.echo("/")).method, "GET");
  await served.front.move("127.0.0.2");
  assert.match(await failureOf(served.front.move("192.0.2.1")), /not one of this machine$/);
  using client = await served.connect("127.0.0.2");
  await client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  assert.match(await client.until("}}"), /^HTTP\/1\.1 200 /);
});

contractTest("HTTP: a request under way when the front stops is answered, and streams end", async () => {
  const answer = Promise.withResolvers<Response>();
  let isCancelled = false;
  const handler = ({ url }: Request) => {
    if (url.endsWith("/slow")) return answer.promise;
    const body = new ReadableStream<Uint8Array>({
      start: (source) => source.enqueue(new TextEncoder().encode("data: x\n\n")),
      cancel: () => void (isCancelled = true),
    });
    return Promise.resolve(new Response(body, { headers: { "content-type": "text/event-stream" } }));
  };
  await using served = await ServedFront.start({ handler });
  using slow = await served.connect();
  using stream = await served.connect();
  await slow.write("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
  await stream.write("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
  await stream.until("data: x\n\n");
  await eventually(() => served.requests.length === 2, "both requests");
  const stopped = served.front.stop();
  assert.equal(isCancelled, true);
  assert.match(await stream.rest(), /0\r\n\r\n$/);
  answer.resolve(new Response("at last"));
  await slow.until("at last");
  await within(stopped, "the end");
  await assert.rejects(served.connect());
});

contractTest("HTTP: a request that is never answered does not keep the front from stopping", async () => {
  await using served = await ServedFront.start({ handler: () => new Promise(() => {}) });
  using client = await served.connect();
  await client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await eventually(() => served.requests.length === 1, "the request");
  await within(served.front.stop(), "the end");
  assert.equal(await client.rest(), "");
});

/** Notes how long is waited until a thread is started again. */
class PausesClock extends FakeClock {
  readonly pauses: number[] = [];

  override setAlarm(callback: () => void, delay: number): unknown {
    if (delay !== PING_INTERVAL) this.pauses.push(delay);
    return super.setAlarm(callback, delay);
  }
}

for (const way of ["throw", "leak", "exit"]) {
  contractTest(`HTTP: a thread that ends (${way}) is started again`, async () => {
    const clock = new PausesClock();
    await using served = await ServedFront.start({ program: FAILING, clock });
    using client = await served.connect();
    await client.write(`GET /${way} HTTP/1.1\r\nHost: x\r\n\r\n`);
    assert.equal(await client.rest(), "");
    await eventually(() => clock.pauses.length === 1, "the end of the thread");
    clock.advance(1000);
    await eventually(() => isOpen(served.port), "the front again");
    assert.equal((await served.echo("/")).method, "GET");
  });
}

contractTest(
  "HTTP: a thread that ends again and again is started later each time, after a while at once",
  async () => {
    const clock = new PausesClock();
    await using served = await ServedFront.start({ program: FAILING, clock });
    const fail = async () => {
      const { length } = clock.pauses;
      using client = await served.connect();
      await client.write("GET /exit HTTP/1.1\r\nHost: x\r\n\r\n");
      await eventually(() => clock.pauses.length > length, "the end of the thread");
      clock.advance(clock.pauses.at(-1)! - 1);
      await assert.rejects(served.connect());
      clock.advance(1);
      await eventually(() => isOpen(served.port), "the front again");
      assert.equal((await served.echo("/")).method, "GET");
    };
    for (let times = 0; times < 7; times++) await fail();
    // All well, for longer than the longest pause.
    for (let pings = 0; pings < 7; pings++) {
      clock.advance(PING_INTERVAL);
      await served.echo("/");
    }
    await fail();
    assert.deepEqual(clock.pauses, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 1000]);
  },
);

contractTest("HTTP: a thread that cannot listen again is started until it can", async () => {
  const clock = new PausesClock();
  await using served = await ServedFront.start({ program: FAILING, clock });
  using client = await served.connect();
  await client.write("GET /exit HTTP/1.1\r\nHost: x\r\n\r\n");
  await eventually(() => clock.pauses.length === 1, "the end of the thread");
  const other = Deno.listen({ hostname: "127.0.0.1", port: served.port });
  clock.advance(1000);
  await eventually(() => clock.pauses.length === 2, "the next attempt");
  other.close();
  clock.advance(2000);
  await eventually(() => isOpen(served.port), "the front again");
  assert.equal((await served.echo("/")).method, "GET");
});

contractTest(
  "HTTP: a thread that says nothing any more is ended with its connections, and another one comes",
  async () => {
    const clock = new PausesClock();
    let isCancelled = false;
    const handler = ({ url }: Request) => {
      if (!url.endsWith("/stream")) return Promise.resolve(new Response("done"));
      const body = new ReadableStream<Uint8Array>({
        start: (source) => source.enqueue(new TextEncoder().encode("data: x\n\n")),
        cancel: () => void (isCancelled = true),
      });
      return Promise.resolve(new Response(body, { headers: { "content-type": "text/event-stream" } }));
    };
    await using served = await ServedFront.start({ program: FAILING, clock, handler });
    using stream = await served.connect();
    await stream.write("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    await stream.until("data: x\n\n");
    using client = await served.connect();
    await client.write("GET /silence HTTP/1.1\r\nHost: x\r\n\r\n");
    // It is answered by the thread alone, after it has become silent.
    await (await served.fetch("/%zz")).text();
    for (let pings = 0; pings < 3; pings++) clock.advance(PING_INTERVAL);
    assert.deepEqual(clock.pauses, [1000]);
    assert.equal(isCancelled, true);
    assert.equal(await client.rest(), "");
    clock.advance(1000);
    await eventually(() => isOpen(served.port), "the front again");
    assert.equal(await (await served.fetch("/")).text(), "done");
  },
);

contractTest("HTTP: a thread that answers is left alone, however long it runs", async () => {
  const clock = new FakeClock();
  await using served = await ServedFront.start({ clock });
  using client = await served.connect();
  for (let pings = 0; pings < 5; pings++) {
    clock.advance(5000);
    // Its answer to the ping comes before the answer to this.
    await served.echo("/");
  }
  await client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await client.until("}}");
});

/** Reports whether a port has a listener. */
function isOpen(port: number): boolean {
  const hexadecimal = port.toString(16).toUpperCase().padStart(4, "0");
  return new RegExp(`: 0100007F:${hexadecimal} 00000000:0000 0A `).test(
    Deno.readTextFileSync("/proc/net/tcp"),
  );
}
