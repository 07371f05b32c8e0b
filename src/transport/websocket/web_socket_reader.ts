/** Reads the frames of a WebSocket (RFC 6455 §5), wherever the stream is cut. */
import { Buffer } from "node:buffer";

/** Receives what comes, in the order of the stream, inside `push`. */
export interface WebSocketReaderEvents {
  /** One whole message, one byte a character. */
  onMessage(text: string): void;
  /** A ping, to be answered with the same bytes. */
  onPing(text: string): void;
  /** The peer closes, with the bytes of its close frame. The last call. */
  onClose(text: string): void;
  /** The peer has violated the protocol, and is to be closed with this status. The last call. */
  onFault(status: number, reason: string): void;
}

export interface WebSocketReaderOptions {
  /** True when we made the connection: clients mask their frames, servers do not. */
  readonly isClient: boolean;
  /** Bytes of a message. */
  readonly maxMessageSize: number;
}

const CONTINUATION = 0;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

const PROTOCOL_ERROR = 1002;
const POLICY_VIOLATION = 1008;
const TOO_BIG = 1009;

/** Frames of one message; each costs more than its bytes. */
const MAX_FRAGMENTS = 64;
/** Bytes of a control frame. */
const MAX_CONTROL = 125;
/** The longest head: two bytes, eight of length, four of mask. */
const MAX_HEAD = 14;
/** Bytes that an unfinished message counts beyond its own. */
const OVERHEAD = 256;

const NOTHING = Buffer.alloc(0);

export class WebSocketReader {
  readonly #events: WebSocketReaderEvents;
  readonly #options: WebSocketReaderOptions;
  /** The head of the frame, while it is not whole. */
  #head: Buffer = NOTHING;
  #headLength = 0;
  #isInPayload = false;
  #isFinal = false;
  #opcode = 0;
  /** Bytes of the payload that are still to come. */
  #missing = 0;
  #mask = 0;
  /** Bytes of the mask that the payload has used, modulo 4. */
  #maskAt = 0;
  /** Frames of the unfinished message; 0 between messages. */
  #fragments = 0;
  /** The size of the message as its heads announce it. */
  #announced = 0;
  /** The unfinished message, or what has come of it. */
  #message: Buffer = NOTHING;
  #messageLength = 0;
  #control: Buffer = NOTHING;
  #controlLength = 0;
  #isDone = false;

  constructor(options: WebSocketReaderOptions, events: WebSocketReaderEvents) {
    this.#options = options;
    this.#events = events;
  }

  /** Bytes of an unfinished message or frame, and what they cost beyond. */
  get unfinished(): number {
    if (this.#isDone || this.#fragments === 0 && this.#headLength === 0 && !this.#isInPayload) return 0;
    return this.#headLength + this.#message.length + this.#control.length + OVERHEAD;
  }

  /** Reads the first `length` bytes, which are overwritten. */
  push(bytes: Buffer, length: number): void {
    let at = 0;
    while (at < length && !this.#isDone) {
      at = this.#isInPayload ? this.#readPayload(bytes, at, length) : this.#readHead(bytes, at, length);
    }
  }

  /** Returns the position behind what was read. */
  #readHead(bytes: Buffer, at: number, length: number): number {
    if (this.#headLength === 0) {
      const size = this.#parseHead(bytes, at, length);
      if (size > 0) return this.#begin(at + size);
      if (this.#isDone) return length;
      this.#head = Buffer.alloc(MAX_HEAD);
    }
    while (at < length) {
      this.#head[this.#headLength++] = bytes[at++];
      if (this.#parseHead(this.#head, 0, this.#headLength) === 0) {
        if (this.#isDone) return length;
        continue;
      }
      this.#head = NOTHING;
      this.#headLength = 0;
      return this.#begin(at);
    }
    return at;
  }

  /** Returns the length of the head at `at`; 0 when it is not whole, or faulty. */
  #parseHead(bytes: Buffer, at: number, end: number): number {
    if (end - at < 2) return 0;
    const first = bytes[at];
    const second = bytes[at + 1];
    const fault = this.#faultOf(first, second);
    if (fault !== undefined) return this.#fail(PROTOCOL_ERROR, fault);
    const short = second & 127;
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
    const payloadAt = at + 2 + lengthBytes;
    if (end < payloadAt) return 0;
    const payload = lengthBytes === 2
      ? bytes[at + 2] << 8 | bytes[at + 3]
      : lengthBytes === 8
      ? bytes.readUInt32BE(at + 2) * 2 ** 32 + bytes.readUInt32BE(at + 6)
      : short;
    const opcode = first & 15;
    const isData = opcode < CLOSE;
    if (isData && this.#announced + payload > this.#options.maxMessageSize) {
      return this.#fail(TOO_BIG, "Message is too large");
    }
    const isMasked = !this.#options.isClient;
    const size = 2 + lengthBytes + (isMasked ? 4 : 0);
    if (end < at + size) return 0;
    this.#isFinal = first > 127;
    this.#opcode = opcode;
    this.#missing = payload;
    this.#mask = isMasked ? bytes.readInt32LE(payloadAt) : 0;
    this.#maskAt = 0;
    if (isData) {
      this.#announced += payload;
      this.#fragments++;
    }
    return size;
  }

  /** Returns what is wrong with the first two bytes of a frame, undefined for nothing (§5.2, §5.4, §5.5). */
  #faultOf(first: number, second: number): string | undefined {
    const opcode = first & 15;
    if ((first & 0x70) !== 0) return "Reserved bits are set";
    if (opcode > BINARY && opcode < CLOSE || opcode > PONG) return `Opcode ${opcode} is unknown`;
    if (opcode >= CLOSE) {
      if (first < 128) return "A control frame is fragmented";
      const length = second & 127;
      if (length > MAX_CONTROL || opcode === CLOSE && length === 1) {
        return "A control frame has a wrong length";
      }
    } else if ((opcode === CONTINUATION) !== (this.#fragments > 0)) return "Fragments are out of order";
    return second > 127 === this.#options.isClient ? "A frame is masked on the wrong side" : undefined;
  }

  /** Begins the payload, which may be empty. */
  #begin(at: number): number {
    this.#isInPayload = true;
    if (this.#missing === 0) this.#endFrame();
    return at;
  }

  #readPayload(bytes: Buffer, at: number, length: number): number {
    const end = Math.min(length, at + this.#missing);
    if (this.#mask !== 0) this.#unmask(bytes, at, end);
    this.#missing -= end - at;
    if (this.#missing === 0 && this.#opcode < CLOSE && this.#isFinal && this.#messageLength === 0) {
      // The usual case: the message is one frame, and has come in one piece.
      this.#isInPayload = false;
      this.#endMessage(bytes.toString("latin1", at, end));
      return end;
    }
    this.#keep(bytes, at, end);
    if (this.#missing === 0) this.#endFrame();
    return end;
  }

  #unmask(bytes: Buffer, from: number, end: number): void {
    const mask = this.#mask;
    let shift = this.#maskAt << 3;
    for (let i = from; i < end; i++) {
      bytes[i] ^= mask >> shift;
      shift = shift + 8 & 31;
    }
    this.#maskAt = shift >> 3;
  }

  /** Appends a piece of payload to its message or control frame. */
  #keep(bytes: Buffer, from: number, end: number): void {
    if (this.#opcode >= CLOSE) {
      this.#control = withRoom(this.#control, this.#controlLength + end - from, MAX_CONTROL);
      this.#controlLength += bytes.copy(this.#control, this.#controlLength, from, end);
    } else {
      this.#message = withRoom(this.#message, this.#messageLength + end - from, this.#announced);
      this.#messageLength += bytes.copy(this.#message, this.#messageLength, from, end);
    }
  }

  #endFrame(): void {
    this.#isInPayload = false;
    if (this.#opcode >= CLOSE) {
      const text = this.#control.toString("latin1", 0, this.#controlLength);
      this.#control = NOTHING;
      this.#controlLength = 0;
      this.#endControl(text);
    } else if (this.#fragments > MAX_FRAGMENTS) {
      this.#fail(POLICY_VIOLATION, "Message has too many fragments");
    } else if (this.#isFinal) this.#endMessage(this.#message.toString("latin1", 0, this.#messageLength));
  }

  #endMessage(text: string): void {
    if (this.#fragments > MAX_FRAGMENTS) {
      return void this.#fail(POLICY_VIOLATION, "Message has too many fragments");
    }
    this.#fragments = 0;
    this.#announced = 0;
    this.#message = NOTHING;
    this.#messageLength = 0;
    this.#events.onMessage(text);
  }

  #endControl(text: string): void {
    if (this.#opcode === PING) this.#events.onPing(text);
    else if (this.#opcode === CLOSE) {
      const status = text === "" ? undefined : text.charCodeAt(0) << 8 | text.charCodeAt(1);
      if (status !== undefined && !isStatus(status)) {
        return void this.#fail(PROTOCOL_ERROR, `Close status ${status} is none`);
      }
      this.#isDone = true;
      this.#events.onClose(text);
    }
  }

  #fail(status: number, reason: string): 0 {
    this.#isDone = true;
    this.#message = NOTHING;
    this.#events.onFault(status, reason);
    return 0;
  }
}

/** Returns a buffer with room for `length` bytes: the same, or a larger one, up to `most`, that begins like it. */
function withRoom(buffer: Buffer, length: number, most: number): Buffer {
  if (length <= buffer.length) return buffer;
  const larger = Buffer.alloc(Math.min(most, Math.max(length, 2 * buffer.length)));
  buffer.copy(larger);
  return larger;
}

/** Reports whether a peer may close with a status (§7.4). */
function isStatus(status: number): boolean {
  if (status >= 3000) return status <= 4999;
  return status >= 1000 && status <= 1014 && status !== 1004 && status !== 1005 && status !== 1006;
}
