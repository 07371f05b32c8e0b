/** The HTTP front: how it starts, moves, stops, and comes again. */
import assert from "node:assert/strict";
import { FakeClock } from "../support/fake_clock.ts";
import { contractTest, within } from "./served_transport.ts";
import { eventually, SCHEMES, ServedFront } from "./served_front.ts";

const FAILING = new URL("failing_front.ts", import.meta.url);

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
  contractTest(`${scheme}: the front moves to another address, and who is connected stays`, async () => {
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
    using other = await served.connect("127.0.0.1");
    await other.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await other.until("done");
    answer.resolve(new Response("at last"));
    await client.until("at last");
    await client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await client.until("done");
  });

  contractTest(`${scheme}: who was connected before a move is still closed for being slow`, async () => {
    await using served = await ServedFront.start({ ...options, limits: { timeoutMillis: 300 } });
    using client = await served.connect();
    await within(served.front.move("127.0.0.2"), "the move");
    await client.write("GET / HTTP/1.1\r\nHost:");
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

for (const way of ["throw", "exit"]) {
  contractTest(`HTTP: a thread that ends (${way}) comes again, later each time`, async () => {
    const clock = new FakeClock();
    await using served = await ServedFront.start({ program: FAILING, clock });
    for (const pause of [1000, 2000, 4000]) {
      using client = await served.connect();
      await client.write(`GET /${way} HTTP/1.1\r\nHost: x\r\n\r\n`);
      assert.equal(await client.rest(), "");
      clock.advance(pause - 1);
      await assert.rejects(served.connect());
      clock.advance(1);
      await eventually(() => isOpen(served.port), "the front again");
      assert.equal((await served.echo("/")).method, "GET");
    }
  });
}

for (const way of ["stuck", "memory"]) {
  contractTest(
    `HTTP: a thread that says nothing any more (${way}) is ended, and another one comes`,
    async () => {
      const clock = new FakeClock();
      let isCancelled = false;
      const body = new ReadableStream<Uint8Array>({
        start: (source) => source.enqueue(new TextEncoder().encode("data: x\n\n")),
        cancel: () => void (isCancelled = true),
      });
      const handler = ({ url }: Request) =>
        Promise.resolve(
          url.endsWith("/stream")
            ? new Response(body, { headers: { "content-type": "text/event-stream" } })
            : new Response("done"),
        );
      await using served = await ServedFront.start({ program: FAILING, clock, handler });
      using stream = await served.connect();
      await stream.write("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
      await stream.until("data: x\n\n");
      using client = await served.connect();
      await client.write(`GET /${way} HTTP/1.1\r\nHost: x\r\n\r\n`);
      // So that it does not get the questions before.
      await new Promise((resolve) => setTimeout(resolve, 100));
      for (let pings = 0; pings < 3; pings++) clock.advance(5000);
      assert.equal(isCancelled, true);
      assert.equal(await client.rest(), "");
      clock.advance(1000);
      await eventually(() => isOpen(served.port), "the front again");
      assert.equal(await (await served.fetch("/")).text(), "done");
    },
  );
}

contractTest("HTTP: a thread that answers is left alone, however long it runs", async () => {
  const clock = new FakeClock();
  await using served = await ServedFront.start({ clock });
  const isAlive = served.connect();
  using client = await isAlive;
  for (let pings = 0; pings < 5; pings++) {
    clock.advance(5000);
    // Its answer to the ping comes before the answer to this.
    await served.echo("/");
  }
  await client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await client.until("}}");
});

/** Whether somebody listens at this port. */
function isOpen(port: number): boolean {
  const hexadecimal = port.toString(16).toUpperCase().padStart(4, "0");
  return new RegExp(`: 0100007F:${hexadecimal} 00000000:0000 0A `).test(
    Deno.readTextFileSync("/proc/net/tcp"),
  );
}
