import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { EventEmitter } from "node:events";
import type net from "node:net";
import { NodeStream, type NodeStreamOptions } from "../../../src/transport/node_stream.ts";
import { StreamWire } from "../../../src/transport/stream_wire.ts";
import { pause } from "../../support/pause.ts";

const MESSAGE = "MESSAGE sip:bob@biloxi.com SIP/2.0\r\nContent-Length: 4\r\n\r\nbody";

type Written = (error?: Error) => void;

/** A socket that takes written data on demand. */
class FakeSocket extends EventEmitter {
  readonly writes: string[] = [];
  readonly #taken: Written[] = [];
  readonly calls: string[] = [];
  writableLength = 0;

  write(text: string, encoding: string, written: Written): void {
    assert.equal(encoding, "latin1");
    this.writes.push(text);
    this.writableLength += text.length;
    this.#taken.push(written);
  }

  /** The system takes the oldest write. */
  take(error?: Error): void {
    this.writableLength = 0;
    this.#taken.shift()?.(error);
  }

  end(): void {
    this.calls.push("end");
  }

  destroySoon(): void {
    this.calls.push("destroySoon");
  }

  destroy(): void {
    this.calls.push("destroy");
  }
}

function wireOn(socket: FakeSocket, options: NodeStreamOptions = {}) {
  const told: string[] = [];
  const wire = new StreamWire(new NodeStream(socket as unknown as net.Socket, options), {
    onTraffic: () => told.push("traffic"),
    onMessage: (text) => told.push(`message of ${text.length}`),
    onRejected: (text, { status }) => told.push(`refusal ${status} of ${text.length}`),
    onUnfinished: (bytes) => told.push(`unfinished ${bytes}`),
    onPing: () => told.push("ping"),
    onWritten: (count) => told.push(`written ${count}`),
    onViolation: (reason) => told.push(`violation: ${reason}`),
    onEnd: (reason) => told.push(`end: ${reason}`),
    onClosed: (reason) => told.push(`closed: ${reason}`),
  }, { maxMessageSize: 1_000, maxHeadSize: 1_000 });
  return { wire, told };
}

Deno.test("what is written in one turn goes in one write, and is told as taken together", async () => {
  const socket = new FakeSocket();
  const { wire, told } = wireOn(socket);
  for (const text of ["one", "two", "three"]) wire.write(text);
  assert.deepEqual(socket.writes, []);
  await pause(0);
  wire.write("four");
  await pause(0);
  assert.deepEqual(socket.writes, ["onetwothree", "four"]);
  socket.take();
  socket.take();
  assert.deepEqual(told, ["written 3", "written 1"]);
});

Deno.test("RFC 4168: where messages are packets, each goes alone, after the one before has left", async () => {
  const socket = new FakeSocket();
  const { wire, told } = wireOn(socket, { isMessageOriented: true });
  for (const text of ["one", "two", "three"]) wire.write(text);
  await pause(0);
  assert.deepEqual(socket.writes, ["one"]);
  socket.take();
  assert.deepEqual(socket.writes, ["one", "two"]);
  wire.write("four");
  await pause(0);
  assert.deepEqual(socket.writes, ["one", "two"]);
  socket.take();
  socket.take();
  socket.take();
  assert.deepEqual(socket.writes, ["one", "two", "three", "four"]);
  assert.deepEqual(told, Array(4).fill("written 1"));
});

Deno.test("what could not be written is not told as taken, and nothing follows it", async () => {
  const socket = new FakeSocket();
  const { wire, told } = wireOn(socket, { isMessageOriented: true });
  wire.write("one");
  wire.write("two");
  await pause(0);
  socket.take(new Error("Broken pipe"));
  await pause(0);
  assert.deepEqual([socket.writes, told], [["one"], []]);
});

Deno.test("end() writes what waits and closes then; destroy() closes at once", async () => {
  const socket = new FakeSocket();
  const { wire } = wireOn(socket);
  wire.write("last ");
  wire.write("words");
  wire.end();
  assert.deepEqual([socket.writes, socket.calls], [["last words"], ["destroySoon"]]);
  await pause(0);
  assert.deepEqual(socket.writes, ["last words"]);
  wire.destroy();
  assert.equal(socket.calls.at(-1), "destroy");
});

Deno.test("where messages are packets, end() closes when the last of them has left", async () => {
  const socket = new FakeSocket();
  const { wire } = wireOn(socket, { isMessageOriented: true });
  wire.write("one");
  wire.write("two");
  await pause(0);
  wire.end();
  assert.deepEqual([socket.writes, socket.calls], [["one"], []]);
  socket.take();
  assert.deepEqual([socket.writes, socket.calls], [["one", "two"], []]);
  socket.take();
  assert.deepEqual([socket.writes, socket.calls], [["one", "two"], ["destroySoon"]]);
});

Deno.test("§18.3: messages, pings and what is unfinished are told in the order of the stream", () => {
  const socket = new FakeSocket();
  const { told } = wireOn(socket);
  socket.emit("data", Buffer.from(`\r\n\r\n${MESSAGE}${MESSAGE}MESS`, "latin1"));
  const size = MESSAGE.length;
  assert.deepEqual(told, ["traffic", "ping", `message of ${size}`, `message of ${size}`, "unfinished 4"]);
  told.length = 0;
  socket.emit("data", Buffer.from(MESSAGE.slice(4), "latin1"));
  assert.deepEqual(told, ["traffic", `message of ${size}`, "unfinished 0"]);
});

Deno.test("what is no SIP, or too large, is a violation", () => {
  for (
    const [text, refusal] of [
      ["\x16\x03\x01", "\nrefusal 400 of 3"],
      [MESSAGE.replace("4", "5000"), "\nrefusal 513 of 60"],
    ]
  ) {
    const socket = new FakeSocket();
    const { told } = wireOn(socket);
    socket.emit("data", Buffer.from(text, "latin1"));
    assert.match(told.join("\n"), new RegExp(`^traffic${refusal}\nviolation: .+\nunfinished 0$`));
  }
});

Deno.test("after a refusal the peer closes first, so that it reads why", async () => {
  const socket = new FakeSocket();
  const { wire } = wireOn(socket);
  socket.emit("data", Buffer.from(MESSAGE.replace("4", "x"), "latin1"));
  wire.write("400");
  wire.end();
  await pause(0);
  assert.deepEqual(socket.calls.slice(-1), ["end"]);
});

Deno.test("bytes that are not the peer's are no traffic", () => {
  const socket = new FakeSocket();
  const { told } = wireOn(socket, { isForeign: (chunk) => chunk[0] === 0 });
  socket.emit("data", Buffer.from("\0\0"));
  assert.deepEqual(told, []);
  socket.emit("data", Buffer.from(MESSAGE));
  assert.equal(told[1], `message of ${MESSAGE.length}`);
});

Deno.test("the end of the socket is told, with its error if there is one", () => {
  const socket = new FakeSocket();
  const { told } = wireOn(socket);
  socket.emit("error", new Error("Connection reset"));
  socket.emit("close");
  assert.deepEqual(told, ["closed: Connection reset", "closed: Connection closed"]);
});
