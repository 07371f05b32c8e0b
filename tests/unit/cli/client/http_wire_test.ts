/** Answers of HTTP/1.1 (RFC 9112) in arbitrary pieces. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import { HttpWire, UnansweredError } from "../../../../src/cli/client/http_wire.ts";

/** Returns a socket that receives these pieces, and then the end unless it stays open. */
function socketWith(pieces: readonly string[], { staysOpen = false } = {}): Duplex & { written: string } {
  const socket = Object.assign(
    new Duplex({
      read() {},
      write(bytes, _encoding, done) {
        socket.written += bytes.toString();
        done();
      },
    }),
    { written: "" },
  );
  for (const piece of pieces) socket.push(Buffer.from(piece, "latin1"));
  if (!staysOpen) socket.push(null);
  return socket;
}

async function bodyOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString("latin1");
}

const ANSWERS: readonly (readonly [name: string, answer: string, body: string])[] = [
  ["a length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nhello", "hello"],
  [
    "chunks with extensions and trailers",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\nTrailer: z\r\n\r\n",
    "hello",
  ],
  ["no body", "HTTP/1.1 204 No Content\r\nX: y\r\n\r\n", ""],
  [
    "an interim answer before",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 0\r\n\r\n",
    "",
  ],
];

for (const [name, answer, body] of ANSWERS) {
  Deno.test(`HTTP: an answer with ${name}, split at every byte`, async () => {
    for (let at = 1; at <= answer.length; at++) {
      const socket = socketWith([answer.slice(0, at), answer.slice(at)].filter(Boolean), { staysOpen: true });
      const wire = new HttpWire(socket);
      const response = await wire.exchange("GET / HTTP/1.1\r\n\r\n");
      assert.equal(response.headers.x, "y");
      assert.equal(await bodyOf(response.body), body);
      assert.ok(wire.isIdle);
      assert.equal(socket.written, "GET / HTTP/1.1\r\n\r\n");
      wire.close();
    }
  });
}

Deno.test("HTTP: one answer after the other on one connection, unless the server ends it", async () => {
  const answer = (more: string) => `HTTP/1.1 200 OK\r\n${more}Content-Length: 2\r\n\r\nok`;
  const wire = new HttpWire(socketWith([answer("") + answer("Connection: close\r\n")]));
  for (const isIdle of [true, false]) {
    const { body } = await wire.exchange("GET / HTTP/1.1\r\n\r\n");
    assert.equal(await bodyOf(body), "ok");
    assert.equal(wire.isIdle, isIdle);
  }
});

Deno.test("HTTP: without a length, the body goes to the end of the connection", async () => {
  const wire = new HttpWire(socketWith(["HTTP/1.0 200 OK\r\n\r\nhe", "llo"]));
  assert.equal(await bodyOf((await wire.exchange("GET / HTTP/1.1\r\n\r\n")).body), "hello");
  assert.ok(!wire.isIdle);
});

Deno.test("HTTP: a connection that ends too early, and malformed answers, reject", async () => {
  const ask = (...pieces: string[]) => new HttpWire(socketWith(pieces)).exchange("GET / HTTP/1.1\r\n\r\n");
  await assert.rejects(ask(), UnansweredError);
  await assert.rejects(ask("HTTP/1.1 200 OK\r\nX"), /the connection was closed/);
  await assert.rejects(ask("SSH-2.0-OpenSSH\r\n"), /the answer is not HTTP/);
  await assert.rejects(ask("HTTP/1.1 200 OK\r\n" + "X: y\r\n".repeat(2000)), /too many header fields/);
  await assert.rejects(ask("x".repeat(100_000)), /a line without an end/);
  const { body } = await ask("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel");
  await assert.rejects(bodyOf(body), /the connection was closed/);
});

Deno.test("HTTP: leaving a body early ends the connection", async () => {
  const socket = socketWith(["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"], {
    staysOpen: true,
  });
  const wire = new HttpWire(socket);
  for await (const chunk of (await wire.exchange("GET / HTTP/1.1\r\n\r\n")).body) {
    assert.equal(Buffer.from(chunk).toString(), "abc");
    break;
  }
  assert.ok(socket.destroyed);
});
