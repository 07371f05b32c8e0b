import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
// @ts-types="./ws_receiver.d.ts"
import { Receiver } from "ws";
import { WebSocketReader } from "../../../../src/transport/websocket/web_socket_reader.ts";
import { type Frame, frameBytes, OPCODE } from "../../../contract/peers/web_socket_peers.ts";
import { Random } from "../../../support/random.ts";

const MAX_MESSAGE_SIZE = 1_000;

/** Returns what a reader tells of a stream in pieces. */
function read(pieces: readonly string[], isClient = false): string[] {
  const told: string[] = [];
  const reader = new WebSocketReader({ isClient, maxMessageSize: MAX_MESSAGE_SIZE }, {
    onMessage: (text) => told.push(`message ${text}`),
    onPing: (text) => told.push(`ping ${text}`),
    onClose: (text) => told.push(`close ${text === "" ? 1005 : Buffer.from(text, "latin1").readUInt16BE()}`),
    onFault: (status) => told.push(`fault ${status}`),
  });
  for (const piece of pieces) {
    const bytes = Buffer.from(piece, "latin1");
    reader.push(bytes, bytes.length);
  }
  return told;
}

/** Returns what the package ws tells of the same. */
function readByWs(pieces: readonly string[], isClient = false): string[] {
  const told: string[] = [];
  const receiver = new Receiver({
    isServer: !isClient,
    maxPayload: MAX_MESSAGE_SIZE,
    maxFragments: 64,
    skipUTF8Validation: true,
    allowSynchronousEvents: true,
  });
  receiver.on("message", (data: Buffer) => told.push(`message ${data.toString("latin1")}`));
  receiver.on("ping", (data: Buffer) => told.push(`ping ${data.toString("latin1")}`));
  receiver.on("conclude", (status: number) => told.push(`close ${status}`));
  let isBroken = false;
  for (const piece of pieces) {
    if (isBroken) break;
    // Through `write`, errors come a turn later.
    receiver._write(Buffer.from(piece, "latin1"), "", (error) => {
      if (!error) return;
      isBroken = true;
      told.push(`fault ${Object.getOwnPropertySymbols(error).map((symbol) => error[symbol])}`);
    });
  }
  return told;
}

/** Cuts a text at random. */
function cutUp(text: string, random: Random): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < text.length;) {
    const length = 1 + Math.floor(random.next() ** 3 * text.length);
    pieces.push(text.slice(at, at + length));
    at += length;
  }
  return pieces;
}

const TEXT = "MESSAGE sip:bob@biloxi.com SIP/2.0\r\n\r\n\xff\0";

function stream(frames: readonly Frame[], isMasked = true): string {
  return frames.map((frame) => frameBytes(frame, isMasked)).join("");
}

Deno.test("RFC 6455 §5: frames are found wherever the stream is cut, from clients and from servers", () => {
  const frames: Frame[] = [
    { opcode: OPCODE.text, payload: TEXT },
    { opcode: OPCODE.binary, payload: "x".repeat(300) },
    { opcode: OPCODE.text, payload: "" },
    { opcode: OPCODE.text, payload: "frag", isFinal: false },
    { opcode: OPCODE.ping, payload: "here?" },
    { opcode: OPCODE.continuation, payload: "", isFinal: false },
    { opcode: OPCODE.pong, payload: "" },
    { opcode: OPCODE.continuation, payload: "ments" },
    { opcode: OPCODE.close, payload: "\x03\xe9bye" },
    { opcode: OPCODE.text, payload: "too late" },
  ];
  const told = [
    `message ${TEXT}`,
    `message ${"x".repeat(300)}`,
    "message ",
    "ping here?",
    "message fragments",
    "close 1001",
  ];
  for (const isClient of [false, true]) {
    const bytes = stream(frames, !isClient);
    assert.deepEqual(read([...bytes], isClient), told);
    for (let at = 0; at <= bytes.length; at++) {
      assert.deepEqual(read([bytes.slice(0, at), bytes.slice(at)], isClient), told, `cut at ${at}`);
    }
  }
});

Deno.test("sizes at which the length changes its form are read", () => {
  for (const size of [0, 1, 125, 126, 127, 999, 1_000]) {
    const bytes = stream([{ opcode: OPCODE.text, payload: "y".repeat(size) }]);
    assert.deepEqual(read([bytes]), [`message ${"y".repeat(size)}`]);
  }
  assert.deepEqual(read([stream([{ opcode: OPCODE.text, payload: "", announced: 70_000 }])]), ["fault 1009"]);
});

Deno.test("a message of too many fragments, or too large in sum, is a fault", () => {
  const fragment = (payload: string, isFinal = false): Frame => ({ opcode: 0, payload, isFinal });
  const first: Frame = { opcode: OPCODE.text, payload: "", isFinal: false };
  const of = (count: number) => [first, ...Array.from({ length: count - 2 }, () => fragment("x"))];
  assert.deepEqual(read([stream([...of(64), fragment("x", true)])]), [`message ${"x".repeat(63)}`]);
  assert.deepEqual(read([stream([...of(65), fragment("x", true)])]), ["fault 1008"]);
  const large = fragment("z".repeat(501));
  assert.deepEqual(read([stream([first, large, large])]), ["fault 1009"]);
});

Deno.test("what is unfinished is counted, and no more is kept than was announced", () => {
  const reader = new WebSocketReader({ isClient: false, maxMessageSize: MAX_MESSAGE_SIZE }, {
    onMessage: () => {},
    onPing: () => {},
    onClose: () => {},
    onFault: () => {},
  });
  const bytes = Buffer.from(stream([{ opcode: OPCODE.text, payload: "x".repeat(1_000) }]), "latin1");
  let most = 0;
  for (let at = 0; at < bytes.length - 1; at++) {
    reader.push(bytes.subarray(at), 1);
    assert.ok(reader.unfinished > Math.max(0, at - 8), `${at}`);
    most = Math.max(most, reader.unfinished);
  }
  assert.ok(most < 1_300, `${most}`);
  reader.push(bytes.subarray(bytes.length - 1), 1);
  assert.equal(reader.unfinished, 0);
});

Deno.test("any stream is read like the package ws reads it", () => {
  const random = new Random(6455);
  const outcomes = new Set<string>();
  for (let round = 0; round < 20_000; round++) {
    const isClient = random.chance(0.2);
    let isOpen = false;
    const frames = Array.from({ length: 1 + random.below(6) }, (): Frame => {
      const isControl = random.chance(0.3);
      const isFinal = isControl ? random.chance(0.95) : random.chance(0.6);
      let opcode: number = isControl ? random.one([8, 9, 9, 10]) : isOpen ? 0 : random.one([1, 2]);
      if (!isControl) isOpen = !isFinal;
      if (random.chance(0.03)) opcode = random.below(16);
      const size = random.one([0, 1, 2, 5, 125, 126, 300, 600]);
      const payload = opcode === 8
        ? random.one(["", "\x03\xe8", "\x03\xe9bye", "\x0b\xb8", "\x03\xed", "\x07\xd0", "x"])
        : "a\xffb".repeat(size).slice(0, isControl ? size % 130 : size);
      return { opcode, payload, isFinal, reserved: random.chance(0.02) ? random.one([1, 2, 4]) : 0 };
    });
    let bytes = stream(frames, random.chance(0.98) ? !isClient : isClient);
    if (random.chance(0.2)) {
      const at = random.below(bytes.length);
      bytes = bytes.slice(0, at) + String.fromCharCode(random.below(256)) + bytes.slice(at + 1);
    }
    const pieces = cutUp(bytes, random);
    const expected = readByWs(pieces, isClient);
    assert.deepEqual(read(pieces, isClient), expected, `round ${round}: ${JSON.stringify(frames)}`);
    for (const one of expected) outcomes.add(one.startsWith("fault") ? one : one.slice(0, one.indexOf(" ")));
  }
  // The test has met all that can happen.
  assert.deepEqual([...outcomes].sort(), ["close", "fault 1002", "fault 1009", "message", "ping"]);
});
