import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { EventEmitter } from "node:events";
import type net from "node:net";
import { NodeStream } from "../../../../src/transport/node_stream.ts";
import { type HttpHead, parseHttpHead, readHttpHead } from "../../../../src/transport/websocket/http_head.ts";

const REQUEST = "GET /chat HTTP/1.1\r\nHost: a.example\r\nUpgrade:websocket \r\n\r\n";

/** Returns the heads read from chunks, and the reasons of the end of the stream. */
function read(chunks: readonly string[]) {
  const socket = new EventEmitter();
  const results: { head: HttpHead | undefined; rest: string }[] = [];
  const ends: string[] = [];
  readHttpHead(new NodeStream(socket as unknown as net.Socket), {
    onHead: (text, rest) =>
      results.push({
        head: text === undefined ? undefined : parseHttpHead(text),
        rest: rest.toString("latin1"),
      }),
    onClosed: (reason) => ends.push(reason),
  });
  for (const chunk of chunks) socket.emit("data", Buffer.from(chunk, "latin1"));
  socket.emit("close");
  return { results, ends };
}

Deno.test("a head is read, and spaces around values are not part of them", () => {
  const head = parseHttpHead("GET /chat HTTP/1.1\r\nHost: a.example\r\nUpgrade:\t websocket \t");
  assert.equal(head?.method, "GET");
  assert.equal(head?.url, "/chat");
  assert.deepEqual({ ...head?.headers }, { host: "a.example", upgrade: "websocket" });
});

Deno.test("names of header fields are of any case, repeated ones are joined", () => {
  const head = parseHttpHead(
    "GET / HTTP/1.1\r\nSEC-WebSocket-Protocol: xmpp\r\nsec-websocket-PROTOCOL: sip\r\nEmpty:",
  );
  assert.deepEqual({ ...head?.headers }, { "sec-websocket-protocol": "xmpp, sip", empty: "" });
});

Deno.test("names that objects have from birth are names like others", () => {
  const head = parseHttpHead("GET / HTTP/1.1\r\n__proto__: a\r\nconstructor: b\r\nconstructor: c");
  assert.deepEqual(Object.entries(head?.headers ?? {}), [["__proto__", "a"], ["constructor", "b, c"]]);
});

Deno.test("what is no head of HTTP/1.1 is none", () => {
  const texts = [
    "",
    "GET / HTTP/1.0",
    "GET / HTTP/2",
    "GET  / HTTP/1.1",
    "get / HTTP/1.1",
    "GET / HTTP/1.1 ",
    "INVITE sip:a@b SIP/2.0",
    "GET / HTTP/1.1\r\nno colon",
    "GET / HTTP/1.1\r\n: no name",
    "GET / HTTP/1.1\r\nspace before : colon",
    "GET / HTTP/1.1\r\nA: b\r\n folded",
    "GET / HTTP/1.1\r\nA: b\nB: c",
  ];
  for (const text of texts) assert.equal(parseHttpHead(text), undefined, JSON.stringify(text));
});

Deno.test("a head is found wherever it is cut, once, and what follows is handed on", () => {
  for (let at = 0; at <= REQUEST.length; at++) {
    const { results, ends } = read([REQUEST.slice(0, at), `${REQUEST.slice(at)}\x81\x00`, "more"]);
    // What comes after the end of the head is not for this reader.
    const rest = at === REQUEST.length ? "" : "\x81\x00";
    assert.equal(results.length, 1, `cut at ${at}`);
    assert.deepEqual([results[0].head?.url, results[0].rest], ["/chat", rest], `cut at ${at}`);
    assert.deepEqual(ends, []);
  }
});

Deno.test("a stream that ends before its head does is told", () => {
  assert.deepEqual(read([REQUEST.slice(0, -1)]), { results: [], ends: ["Connection closed"] });
});

Deno.test("a head of more than 16 KB is none, in however many pieces", () => {
  const head = (size: number) => `GET / HTTP/1.1\r\nCookie: ${"x".repeat(size)}\r\n\r\n`;
  assert.notEqual(read([head(16_000)]).results[0].head, undefined);
  assert.equal(read([head(17_000)]).results[0].head, undefined);
  assert.equal(read(head(17_000).match(/[^]{1,1000}/g) ?? []).results[0].head, undefined);
  assert.equal(read(["x".repeat(16_000)]).results.length, 0);
  assert.equal(read(["x".repeat(16_000), "x".repeat(1_000), "x".repeat(1_000)]).results.length, 1);
});

Deno.test("blanks without end in a line cost no more than other characters", () => {
  const start = "GET / HTTP/1.1\r\n";
  const begun = performance.now();
  assert.equal(parseHttpHead(`${start}A:${" ".repeat(16_000)}\n`), undefined);
  assert.equal(parseHttpHead(`${start}A: x${" \t".repeat(8_000)}y`)?.headers.a.length, 16_002);
  // Hours with a pattern that goes back; the bound is for a machine that is busy.
  assert.ok(performance.now() - begun < 1_000);
});
