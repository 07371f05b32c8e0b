/** A WebSocket peer by RFC 6455, which violates it on demand. */
import { Buffer, isUtf8 } from "node:buffer";
import { createHash, randomBytes } from "node:crypto";
import type { Endpoint, Peer, PeerProtocol, StreamPeer } from "../transport_peers.ts";
import { isEnd } from "./tcp_peers.ts";

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** One frame (§5.2). */
export interface Frame {
  readonly opcode: number;
  readonly payload: string;
  /** FIN; true unless said otherwise. */
  readonly isFinal?: boolean;
  /** The length in the head, when it is not that of the payload. */
  readonly announced?: number;
  /** Overrides the masking that the side of the peer demands. */
  readonly isMasked?: boolean;
  /** RSV1 to RSV3, three bits. */
  readonly reserved?: number;
}

/** A WebSocket on the streams of `streams`. */
export function webSocketPeers(streams: PeerProtocol<StreamPeer>): PeerProtocol<WebSocketPeer> {
  return {
    listen(address) {
      const listener = streams.listen(address);
      return {
        ...{ address: listener.address, port: listener.port },
        async accept() {
          const peer = new WebSocketPeer(await listener.accept(), { isClient: false });
          await peer.acceptHandshake();
          return peer;
        },
        close: () => listener.close(),
      };
    },
    async connect(endpoint) {
      const peer = new WebSocketPeer(await streams.connect(endpoint), { isClient: true });
      await peer.beginHandshake(endpoint);
      return peer;
    },
  };
}

/** Returns the request for a WebSocket; `changes` replace or remove header fields. */
export function handshakeRequest(
  { address, port }: Endpoint,
  changes: Readonly<Record<string, string | undefined>> = {},
): string {
  const headers = {
    Host: `${address}:${port}`,
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Protocol": "sip",
    ...changes,
  };
  const lines = Object.entries(headers).filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET / HTTP/1.1\r\n${lines.join("")}\r\n`;
}

/** The answer to a request for a WebSocket (§4.2.2). */
export function handshakeResponse(request: string, protocol: string | null = "sip"): string {
  const key = /\r\nSec-WebSocket-Key: *(\S+)\r\n/i.exec(request)?.[1];
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  const subprotocol = protocol === null ? "" : `Sec-WebSocket-Protocol: ${protocol}\r\n`;
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
    `Sec-WebSocket-Accept: ${accept}\r\n${subprotocol}\r\n`;
}

/** The bytes of a frame. */
export function frameBytes(frame: Frame, isMasked: boolean): string {
  const { opcode, payload, isFinal = true, announced = payload.length, reserved = 0 } = frame;
  const head = Buffer.alloc(10);
  head[0] = Number(isFinal) << 7 | reserved << 4 | opcode;
  head[1] = Number(isMasked) << 7 | (announced < 126 ? announced : announced < 65_536 ? 126 : 127);
  if (announced >= 65_536) head.writeBigUInt64BE(BigInt(announced), 2);
  else if (announced >= 126) head.writeUInt16BE(announced, 2);
  const headLength = announced < 126 ? 2 : announced < 65_536 ? 4 : 10;
  const start = head.toString("latin1", 0, headLength);
  if (!isMasked) return start + payload;
  const key = randomBytes(4);
  return start + key.toString("latin1") + mask(payload, key);
}

/** One end of a WebSocket. */
export class WebSocketPeer implements Peer {
  readonly address: string;
  readonly port: number;
  /** The stream below, for bytes that are no frame. */
  readonly stream: StreamPeer;
  readonly #isClient: boolean;

  constructor(stream: StreamPeer, { isClient }: { isClient: boolean }) {
    ({ address: this.address, port: this.port } = stream);
    this.stream = stream;
    this.#isClient = isClient;
  }

  /** Asks for a WebSocket and waits for the answer; the other side may end the connection instead. */
  async beginHandshake(endpoint: Endpoint): Promise<void> {
    try {
      await this.stream.write(handshakeRequest(endpoint));
    } catch (error) {
      if (!isEnd(error)) throw error;
    }
    const response = await this.stream.readMessage();
    if (response && !response.startsWith("HTTP/1.1 101 ")) throw new Error(`No WebSocket: ${response}`);
  }

  async acceptHandshake(): Promise<void> {
    const request = await this.stream.readMessage();
    if (request !== undefined) await this.stream.write(handshakeResponse(request));
  }

  /** One message in one frame: text where it is text, else binary (RFC 7118 §5). */
  async write(text: string): Promise<void> {
    const opcode = isUtf8(Buffer.from(text, "latin1")) ? OPCODE.text : OPCODE.binary;
    await this.writeFrame({ opcode, payload: text });
  }

  async writeFrame(frame: Frame): Promise<void> {
    await this.stream.write(frameBytes(frame, frame.isMasked ?? this.#isClient));
  }

  /** The next message; pings are answered, and so is the closing handshake. */
  async readMessage(): Promise<string | undefined> {
    for (let text = "";;) {
      const frame = await this.readFrame();
      if (!frame) return undefined;
      const { opcode, payload, isFinal } = frame;
      if (opcode === OPCODE.close) {
        await this.stream.write(frameBytes(frame, this.#isClient)).catch(ignoreEnd);
        return undefined;
      }
      if (opcode === OPCODE.ping) await this.writeFrame({ opcode: OPCODE.pong, payload });
      if (opcode >= OPCODE.close) continue;
      text += payload;
      if (isFinal) return text;
    }
  }

  /** The next frame of any kind; undefined when the connection has ended. Throws when it is not as it has to be. */
  async readFrame(): Promise<Frame | undefined> {
    const head = Buffer.from(await this.stream.readBytes(2), "latin1");
    if (head.length < 2) return undefined;
    if ((head[0] & 0x70) !== 0) throw new Error("Reserved bits are set");
    if (Boolean(head[1] & 0x80) === this.#isClient) throw new Error("Only clients mask their frames");
    const length = await this.#readLength(head[1] & 0x7f);
    const key = this.#isClient ? undefined : Buffer.from(await this.stream.readBytes(4), "latin1");
    const bytes = await this.stream.readBytes(length);
    return {
      opcode: head[0] & 0x0f,
      isFinal: (head[0] & 0x80) !== 0,
      payload: key ? mask(bytes, key) : bytes,
    };
  }

  close(): void {
    this.stream.close();
  }

  async #readLength(short: number): Promise<number> {
    if (short < 126) return short;
    const bytes = Buffer.from(await this.stream.readBytes(short === 126 ? 2 : 8), "latin1");
    return short === 126 ? bytes.readUInt16BE() : Number(bytes.readBigUInt64BE());
  }
}

/** Masks or unmasks (§5.3). */
function mask(text: string, key: Uint8Array): string {
  const bytes = Buffer.from(text, "latin1");
  for (let at = 0; at < bytes.length; at++) bytes[at] ^= key[at % 4];
  return bytes.toString("latin1");
}

function ignoreEnd(error: unknown): void {
  if (!isEnd(error)) throw error;
}
