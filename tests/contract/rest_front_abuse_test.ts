/** The HTTP front under abuse, which must not reach the handler, nor harm later clients. */
import assert from "node:assert/strict";
import { contractTest, within } from "./served_transport.ts";
import { eventually, type FrontOptions, SCHEMES, ServedFront } from "./served_front.ts";
import { certificates } from "./test_authority.ts";

/** A short timeout for tests of slow clients. */
const SOON: FrontOptions = { limits: { timeoutMillis: 300 } };

/** Returns the head of a request that announces a body of `length` bytes. */
function post(length: number, type = "application/json"): string {
  return `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\n\r\n`;
}

const MALFORMED: Readonly<Record<string, string>> = {
  "Content-Length beside Transfer-Encoding":
    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
  "two lengths": "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
  "a blank before the colon": "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
  "a transfer coding that is not chunked":
    "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n",
  "a chunk without a size": "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
  "NUL in the path": "GET /a\0b HTTP/1.1\r\nHost: x\r\n\r\n",
  "NUL in a field": "GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n",
  "a path of bytes": "GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
  "a method that nobody knows": "ROUTR / HTTP/1.1\r\nHost: x\r\n\r\n",
  "no Host": "GET / HTTP/1.1\r\n\r\n",
  "HTTP/2 without a word before": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "no HTTP at all": "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
};

for (const [what, text] of Object.entries(MALFORMED)) {
  contractTest(`HTTP: ${what} is a 400 and the end of the connection`, async () => {
    await using served = await ServedFront.start();
    const answer = await served.exchange(text);
    assert.match(answer, /^HTTP\/1\.1 400 /);
    assert.equal(answer.match(/HTTP\/1\.1 /g)?.length, 1);
    assert.deepEqual(served.requests, []);
    assert.equal((await served.echo("/")).method, "GET");
  });
}

const REFUSED: Readonly<Record<string, readonly [status: number, request: string]>> = {
  "percent-encoding that is none": [400, "GET /a%zz HTTP/1.1\r\nHost: x\r\n\r\n"],
  "percent-encoding that is no UTF-8": [400, "GET /a%ff HTTP/1.1\r\nHost: x\r\n\r\n"],
  "NUL that is encoded": [400, "GET /a%00b HTTP/1.1\r\nHost: x\r\n\r\n"],
  "a URL of another scheme": [400, "GET gopher://x/ HTTP/1.1\r\nHost: x\r\n\r\n"],
  "OPTIONS for everything": [400, "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"],
  "a method that is not served": [501, "TRACE / HTTP/1.1\r\nHost: x\r\n\r\n"],
  "too many header fields": [431, `GET / HTTP/1.1\r\nHost: x\r\n${"A: a\r\n".repeat(300)}\r\n`],
  "a body that says it is too big": [413, post(1024 * 1024 + 1)],
};

for (const [what, [status, text]] of Object.entries(REFUSED)) {
  contractTest(`HTTP: ${what} is a ${status}`, async () => {
    await using served = await ServedFront.start();
    using client = await served.connect();
    await client.write(text);
    assert.match(
      await client.until("}"),
      new RegExp(`^HTTP/1.1 ${status} [^{]*\\{"status":${status},"message":"`),
    );
    assert.deepEqual(served.requests, []);
  });
}

contractTest("HTTP: what is refused is counted", async () => {
  await using served = await ServedFront.start();
  await served.exchange("no HTTP");
  await (await served.fetch("/%zz")).text();
  await eventually(() => served.metric("routr_rest_rejected_total") === 2, "both in the metrics");
  assert.equal(served.metric("routr_rest_requests_total"), 0);
});

contractTest("HTTP: a head that is too big is a 431", async () => {
  await using served = await ServedFront.start();
  const answer = await served.exchange(`GET / HTTP/1.1\r\nHost: x\r\nA: ${"a".repeat(17_000)}\r\n\r\n`);
  assert.match(answer, /^HTTP\/1\.1 431 /);
});

const STRANGE_URLS: Readonly<Record<string, string>> = {
  "http://evil.example/agents": "http://evil.example/agents",
  "//evil.example/agents": "http://x//evil.example/agents",
  "/a/%2e%2e/b": "http://x/b",
  "/a\\b": "http://x/a/b",
  "http://user:secret@x/": "http://x/",
};

contractTest("HTTP: the handler gets a URL that can be read, whatever form it was sent in", async () => {
  await using served = await ServedFront.start();
  using client = await served.connect();
  for (const [sent, expected] of Object.entries(STRANGE_URLS)) {
    await client.write(`GET ${sent} HTTP/1.1\r\nHost: x\r\n\r\n`);
    const body = (await client.until("}}")).split("\r\n\r\n")[1];
    assert.equal(JSON.parse(body).url, expected, sent);
  }
  await client.write("GET / HTTP/1.1\r\nHost: a b<>/\r\n\r\n");
  assert.match(await client.until("}}"), /"url":"http:\/\/localhost\/"/);
});

contractTest(
  "HTTP: bytes in a header field that are no ASCII come to the handler or are a 400, and no crash",
  async () => {
    await using served = await ServedFront.start();
    const answer = await served.exchange(
      "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nA: \xff\xc3\xa9\r\n\r\n",
    );
    assert.match(answer, /^HTTP\/1\.1 (?:200|400) /);
    assert.equal((await served.echo("/")).method, "GET");
  },
);

for (const [scheme, options] of Object.entries(SCHEMES)) {
  contractTest(`${scheme}: a chunked body over the limit is a 413 before it is all there`, async () => {
    await using served = await ServedFront.start({ ...options, limits: { maxBodyBytes: 1000 } });
    using client = await served.connect();
    await client.write("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (let sent = 0; sent < 3; sent++) await client.write(`190\r\n${"a".repeat(400)}\r\n`);
    assert.match(await client.until("}"), /^HTTP\/1\.1 413 /);
    assert.deepEqual(served.requests, []);
  });

  contractTest(`${scheme}: a file may be larger than another body, by the whole of its type`, async () => {
    await using served = await ServedFront.start({
      ...options,
      limits: { maxBodyBytes: 1000, maxUploadBytes: 2000 },
    });
    const status = async (type: string, length: number) => {
      const response = await served.fetch("/", {
        method: "POST",
        headers: { "content-type": type },
        body: "a".repeat(length),
      });
      await response.text();
      return response.status;
    };
    for (const type of ["multipart/form-data; boundary=x", "application/yaml", "text/x-yaml;charset=utf-8"]) {
      assert.equal(await status(type, 2000), 200, type);
      assert.equal(await status(type, 2001), 413, type);
    }
    assert.equal(await status("application/json", 1000), 200);
    assert.equal(await status("application/json", 1001), 413);
    assert.equal(await status("application/yamlish", 1001), 413);
  });

  contractTest(`${scheme}: curl is told of a 413 though it has more to send`, async () => {
    await using served = await ServedFront.start(options);
    const large = certificates.write("large.json", new Uint8Array(3 * 1024 * 1024).fill(32));
    const { stdout } = await new Deno.Command("curl", {
      args: [
        ...["-sS", "--max-time", "3", "--cacert", certificates.root.certificate, "-w", "%{http_code}"],
        ...["-o", "/dev/null", "-H", "Content-Type: application/json", "-H", "Expect:"],
        ...["--data-binary", `@${large}`, served.url("/")],
      ],
    }).output();
    assert.equal(new TextDecoder().decode(stdout), "413");
  });

  contractTest(`${scheme}: a head that does not end, and a body that does not, are a 408`, async () => {
    await using served = await ServedFront.start({ ...options, ...SOON });
    assert.match(
      await served.exchange("GET / HTTP/1.1\r\nHost: x\r\nA"),
      /^HTTP\/1\.1 408 .*Connection: close/s,
    );
    assert.match(await served.exchange(`${post(10)}ab`), /^HTTP\/1\.1 408 /);
    assert.deepEqual(served.requests, []);
  });

  contractTest(
    `${scheme}: a connection that says nothing is closed, before its first request and after`,
    async () => {
      await using served = await ServedFront.start({ ...options, ...SOON });
      using silent = await served.connect();
      using idle = await served.connect();
      await idle.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
      assert.match(await idle.until("}}"), /^HTTP\/1\.1 200 /);
      assert.equal(await idle.rest(), "");
      assert.match(await silent.rest(), /^$|^HTTP\/1\.1 408 /);
    },
  );

  contractTest(`${scheme}: a handler may take longer than a request may take to arrive`, async () => {
    const answer = Promise.withResolvers<Response>();
    await using served = await ServedFront.start({ ...options, ...SOON, handler: () => answer.promise });
    using client = await served.connect();
    await client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    // Silent connections are closed meanwhile.
    using silent = await served.connect();
    await silent.rest();
    answer.resolve(new Response("at last"));
    assert.match(await client.until("at last"), /^HTTP\/1\.1 200 /);
  });

  contractTest(`${scheme}: a client that takes nothing of its answer is cut`, async () => {
    await using served = await ServedFront.start({
      ...options,
      ...SOON,
      handler: () => Promise.resolve(new Response("a".repeat(32 * 1024 * 1024))),
    });
    using client = await served.connect();
    await client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await eventually(() => served.metric("routr_rest_connections") === 1, "the connection in the metrics");
    await eventually(() => served.metric("routr_rest_connections") === 0, "its end");
  });
}

contractTest("HTTPS: a peer that does not shake hands is closed, and plain HTTP is no request", async () => {
  await using served = await ServedFront.start({ ...SCHEMES.HTTPS, ...SOON });
  const plain = async (text: string) => {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: served.port });
    await connection.write(new TextEncoder().encode(text));
    const bytes = new Uint8Array(100);
    const count = await within(connection.read(bytes).catch(() => null), `the end after ${text}`);
    return new TextDecoder().decode(bytes.subarray(0, count ?? 0));
  };
  assert.equal(await plain("\x16\x03\x01"), "");
  assert.doesNotMatch(await plain("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), /HTTP/);
  assert.deepEqual(served.requests, []);
  assert.equal((await served.echo("/")).method, "GET");
});

/** Returns a handler that holds its answers until `release`. */
function held(): { handler: () => Promise<Response>; release: () => void } {
  const gate = Promise.withResolvers<void>();
  return { handler: () => gate.promise.then(() => new Response("done")), release: gate.resolve };
}

contractTest("HTTP: an address has so many requests at a time, and a 429 for one more", async () => {
  const { handler, release } = held();
  await using served = await ServedFront.start({ handler, limits: { maxRequestsPerAddress: 3 } });
  const three = [1, 2, 3].map((path) => served.fetch(`/${path}`));
  await eventually(() => served.requests.length === 3, "three requests");
  const fourth = await served.fetch("/4");
  assert.equal(fourth.status, 429);
  assert.equal(fourth.headers.get("retry-after"), "1");
  await fourth.text();
  release();
  for (const response of await Promise.all(three)) assert.equal(await response.text(), "done");
  assert.equal(await (await served.fetch("/5")).text(), "done");
});

contractTest(
  "HTTP: the main thread has so many requests at a time, and gets the others in their order",
  async () => {
    const { handler, release } = held();
    await using served = await ServedFront.start({ handler, limits: { maxRequests: 2 } });
    const all: Promise<Response>[] = [];
    for (const path of ["/1", "/2"]) {
      all.push(served.fetch(path));
      await eventually(() => served.requests.length === all.length, path);
    }
    using client = await served.connect();
    await client.write(["/3", "/4", "/5"].map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join(""));
    // This refusal comes after them.
    await (await served.fetch("/%zz")).text();
    assert.deepEqual(served.requests, ["GET /1", "GET /2"]);
    release();
    for (const response of await Promise.all(all)) await response.text();
    for (let answers = 0; answers < 3; answers++) await client.until("done");
    assert.deepEqual(served.requests.slice(2), ["GET /3", "GET /4", "GET /5"]);
  },
);

contractTest("HTTP: what waits for the main thread is bounded, and one more is a 503", async () => {
  const { handler, release } = held();
  const limits = { maxRequests: 1, maxRequestsPerAddress: 1000 };
  await using served = await ServedFront.start({ handler, limits });
  using client = await served.connect();
  // One request is at the main thread, 256 wait.
  await client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(257));
  await eventually(() => served.requests.length === 1, "the first request");
  const late = await served.fetch("/late");
  assert.equal(late.status, 503);
  await late.text();
  release();
  for (let answers = 0; answers < 257; answers++) await client.until("done");
});

contractTest("HTTP: an address has a quarter of the connections", async () => {
  await using served = await ServedFront.start({ limits: { maxConnections: 8 } });
  using first = await served.connect();
  using second = await served.connect();
  using third = await served.connect();
  assert.equal(await third.rest(), "");
  for (const client of [first, second]) {
    await client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert.match(await client.until("}}"), /^HTTP\/1\.1 200 /);
  }
});

/** A handler that answers with streams, whose sources it keeps. */
class Streams {
  readonly sources: ReadableStreamDefaultController<Uint8Array>[] = [];
  cancelled = 0;

  readonly handler = (): Promise<Response> => {
    const body = new ReadableStream<Uint8Array>({
      start: (source) => void this.sources.push(source),
      cancel: () => void this.cancelled++,
    });
    return Promise.resolve(new Response(body, { headers: { "content-type": "text/event-stream" } }));
  };
}

contractTest("HTTP: there are so many streams, and a 503 for one more, until one ends", async () => {
  const streams = new Streams();
  await using served = await ServedFront.start({ handler: streams.handler, limits: { maxStreams: 1 } });
  const first = await served.fetch("/");
  const second = await served.fetch("/");
  assert.equal(second.status, 503);
  await second.text();
  await eventually(() => streams.cancelled === 1, "the end of the refused stream");
  streams.sources[0].close();
  assert.equal(await first.text(), "");
  const third = await served.fetch("/");
  assert.equal(third.status, 200);
  streams.sources[2].close();
  await third.text();
});

contractTest("HTTP: a client that does not read its stream stops its source, and is cut", async () => {
  let made = 0;
  let isCancelled = false;
  const piece = new Uint8Array(16 * 1024);
  const handler = () => {
    const body = new ReadableStream<Uint8Array>({
      pull(source) {
        made += piece.length;
        source.enqueue(piece);
      },
      cancel: () => void (isCancelled = true),
    });
    return Promise.resolve(new Response(body, { headers: { "content-type": "text/event-stream" } }));
  };
  await using served = await ServedFront.start({ ...SOON, handler });
  using client = await served.connect();
  await client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await eventually(() => isCancelled, "the end of the stream");
  // The buffers of the system at both ends.
  assert.ok(made < 32 * 1024 * 1024, `${made} bytes`);
});

contractTest("HTTP: a client that reads an endless stream gets on, however much there is", async () => {
  const piece = new Uint8Array(64 * 1024).fill(65);
  let count = 0;
  const handler = () => {
    const body = new ReadableStream<Uint8Array>({
      pull: (source) => ++count > 160 ? source.close() : source.enqueue(piece),
    });
    return Promise.resolve(new Response(body, { headers: { "content-type": "text/event-stream" } }));
  };
  await using served = await ServedFront.start({ handler });
  assert.equal((await (await served.fetch("/")).bytes()).length, 160 * 64 * 1024);
});
