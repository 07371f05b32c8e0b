/** The HTTP front: requests and answers. */
import assert from "node:assert/strict";
import { contractTest, within } from "./served_transport.ts";
import { eventually, SCHEMES, ServedFront } from "./served_front.ts";
import { certificates } from "./test_authority.ts";

for (const [scheme, options] of Object.entries(SCHEMES)) {
  contractTest(`${scheme}: a request comes to the handler as it was sent, and its answer back`, async () => {
    await using served = await ServedFront.start(options);
    const { method, url, headers, body, client } = await served.echo("/agents/a%20b?filter=%40x", {
      method: "PUT",
      headers: { "x-test": "1", "content-type": "application/json" },
      body: '{"a":"é"}',
    });
    assert.equal(method, "PUT");
    assert.equal(url, served.url("/agents/a%20b?filter=%40x"));
    assert.equal(headers["x-test"], "1");
    assert.equal(headers["content-type"], "application/json");
    assert.equal(body, '{"a":"é"}');
    assert.deepEqual(client, { address: "127.0.0.1", isLoopback: true });
    assert.equal(served.metric("routr_rest_requests_total"), 1);
  });

  contractTest(`${scheme}: status, header fields and body of the answer are the handler's`, async () => {
    await using served = await ServedFront.start({
      ...options,
      handler: () =>
        Promise.resolve(
          new Response(new Uint8Array([0, 255, 13, 10]), {
            status: 418,
            headers: [["x-one", "1"], ["set-cookie", "a=1"], ["set-cookie", "b=2"]],
          }),
        ),
    });
    const response = await served.fetch("/");
    assert.equal(response.status, 418);
    assert.equal(response.headers.get("x-one"), "1");
    assert.deepEqual(response.headers.getSetCookie(), ["a=1", "b=2"]);
    assert.equal(response.headers.get("content-length"), "4");
    assert.deepEqual([...await response.bytes()], [0, 255, 13, 10]);
  });

  contractTest(`${scheme}: HEAD has the header fields of GET and no body, 204 has neither`, async () => {
    await using served = await ServedFront.start({
      ...options,
      handler: ({ url }) =>
        Promise.resolve(url.endsWith("/204") ? new Response(null, { status: 204 }) : new Response("four")),
    });
    using client = await served.connect();
    await client.write("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
    const head = await client.until("\r\n\r\n");
    assert.match(head, /^HTTP\/1\.1 200 OK\r\n/);
    assert.match(head, /\r\ncontent-length: 4\r\n/i);
    await client.write("GET /204 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const rest = await client.rest();
    assert.match(rest, /^HTTP\/1\.1 204 No Content\r\n/);
    assert.doesNotMatch(rest, /content-length|transfer-encoding/i);
    assert.ok(rest.endsWith("\r\n\r\n"), rest);
  });

  contractTest(`${scheme}: requests sent at once on one connection are answered in their order`, async () => {
    const first = Promise.withResolvers<Response>();
    await using served = await ServedFront.start({
      ...options,
      handler: ({ url }) => {
        const { pathname } = new URL(url);
        return pathname === "/1" ? first.promise : Promise.resolve(new Response(`<${pathname}>`));
      },
    });
    using client = await served.connect();
    const paths = ["/1", "/2", "/3"];
    await client.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join(""));
    await eventually(() => served.requests.length === 3, "three requests");
    first.resolve(new Response("</1>"));
    const text = await client.until("</3>");
    assert.deepEqual(text.match(/<\/\d>/g), ["</1>", "</2>", "</3>"]);
  });

  contractTest(`${scheme}: a body may come in chunks, and after 100 Continue`, async () => {
    await using served = await ServedFront.start(options);
    using client = await served.connect();
    await client.write(
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
    );
    assert.match(await client.until("}}"), /"body":"abc"/);
    await client.write("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    assert.equal(await client.until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    await client.write("ab");
    assert.match(await client.until("}}"), /"body":"ab"/);
  });

  contractTest(`${scheme}: a large answer arrives whole`, async () => {
    const large = "0123456789".repeat(1_000_000);
    await using served = await ServedFront.start({
      ...options,
      handler: () => Promise.resolve(new Response(large)),
    });
    assert.ok(await (await served.fetch("/")).text() === large);
  });

  contractTest(
    `${scheme}: an event stream comes as it is made, and ends where its client leaves`,
    async () => {
      let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
      const cancelled = Promise.withResolvers<void>();
      await using served = await ServedFront.start({
        ...options,
        handler: () => {
          const body = new ReadableStream<Uint8Array>({
            start: (given) => void (controller = given),
            cancel: () => cancelled.resolve(),
          });
          return Promise.resolve(new Response(body, { headers: { "content-type": "text/event-stream" } }));
        },
      });
      using client = await served.connect();
      await client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
      assert.match(await client.until("\r\n\r\n"), /content-type: text\/event-stream/i);
      for (const event of ["one", "two"]) {
        controller?.enqueue(new TextEncoder().encode(`data: ${event}\n\n`));
        await client.until(`data: ${event}\n\n`);
      }
      client.close();
      await within(cancelled.promise, "the end of the stream");
    },
  );

  contractTest(`${scheme}: curl gets its answer, by a path that is sent as it is`, async () => {
    await using served = await ServedFront.start(options);
    const authority = certificates.root.certificate;
    const command = new Deno.Command("curl", {
      args: [
        "-sS",
        "--max-time",
        "3",
        "--path-as-is",
        "--cacert",
        authority,
        "-d",
        "a=1",
        served.url("/a/../b"),
      ],
    });
    const { stdout, stderr } = await command.output();
    assert.equal(new TextDecoder().decode(stderr), "");
    const { method, url, body } = JSON.parse(new TextDecoder().decode(stdout));
    assert.deepEqual([method, url, body], ["POST", served.url("/b"), "a=1"]);
  });
}

contractTest("HTTP: an event stream that its handler ends is ended for the client", async () => {
  await using served = await ServedFront.start({
    handler: () =>
      Promise.resolve(new Response("data: x\n\n", { headers: { "content-type": "text/event-stream" } })),
  });
  const response = await served.fetch("/");
  assert.equal(response.headers.get("content-length"), null);
  assert.equal(await response.text(), "data: x\n\n");
});

contractTest("HTTP: HEAD does not leave an event stream behind", async () => {
  const cancelled = Promise.withResolvers<void>();
  await using served = await ServedFront.start({
    handler: () => {
      const body = new ReadableStream<Uint8Array>({ cancel: () => cancelled.resolve() });
      return Promise.resolve(new Response(body, { headers: { "content-type": "text/event-stream" } }));
    },
  });
  const response = await served.fetch("/", { method: "HEAD" });
  assert.equal(await response.text(), "");
  await within(cancelled.promise, "the end of the stream");
});

contractTest("HTTP: the address of a client is as in URIs", async () => {
  await using served = await ServedFront.start({ bindAddr: "::1" });
  assert.equal(served.address, "[::1]");
  const { client } = await (await fetch(served.url("/", "[::1]"))).json();
  assert.deepEqual(client, { address: "[::1]", isLoopback: true });
});

contractTest("HTTP: a handler that fails is a 500 for its client, and nothing for the others", async () => {
  await using served = await ServedFront.start({
    handler: ({ url }) =>
      url.endsWith("/bad") ? Promise.reject(new Error("broken")) : Promise.resolve(new Response("good")),
  });
  const bad = await served.fetch("/bad");
  assert.equal(bad.status, 500);
  assert.equal(await bad.text(), "");
  assert.equal(await (await served.fetch("/good")).text(), "good");
});

contractTest(
  "HTTP: header fields that HTTP cannot carry are a 500, and those of the connection are the front's",
  async () => {
    await using served = await ServedFront.start({
      handler: ({ url }) =>
        Promise.resolve(
          new Response("text", {
            headers: url.endsWith("/bad")
              ? { "x-bad": "a\x01b" }
              : { "content-length": "99", "connection": "close", "transfer-encoding": "chunked" },
          }),
        ),
    });
    const bad = await served.fetch("/bad");
    assert.deepEqual([bad.status, await bad.text()], [500, ""]);
    using client = await served.connect();
    await client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    const head = await client.until("\r\n\r\n");
    assert.match(head, /content-length: 4\r\n/i);
    assert.match(head, /connection: keep-alive\r\n/i);
    assert.doesNotMatch(head, /transfer-encoding/i);
  },
);
