/** One question to one name server, by UDP and, for a long answer, by TCP (RFC 1035 §4.2). */
import { connect, type Socket } from "node:net";
import { Buffer } from "node:buffer";
import { encodeQuestion, type Question, readReply, type Reply } from "./dns_message.ts";
import type { NameServer } from "./name_server.ts";
import type { RecordType } from "./record.ts";

/** Bytes of a datagram; longer ones are not asked for, and are cut off. */
const BUFFER_SIZE = 4096;

/** A question under way. */
export class Exchange<T extends RecordType> {
  readonly server: NameServer;
  readonly #question: Question<T>;
  readonly #id = crypto.getRandomValues(new Uint16Array(1))[0];
  readonly #onEnd: (reply: Reply<T> | undefined) => void;
  #datagrams: Deno.DatagramConn | undefined;
  #connection: Socket | undefined;
  #isOver = false;

  /**
   * Calls `onEnd` once, after the constructor: with the reply of the server, never `truncated`, or with undefined for an
   * unreachable server. Only `close` ends the exchange with a silent server.
   */
  constructor(
    server: NameServer,
    question: Question<T>,
    { isExtended, onEnd }: { isExtended: boolean; onEnd: (reply: Reply<T> | undefined) => void },
  ) {
    this.server = server;
    this.#question = question;
    this.#onEnd = onEnd;
    void this.#ask(encodeQuestion(question, this.#id, isExtended));
  }

  /** Ends the exchange; `onEnd` is not called any more. */
  close(): void {
    this.#isOver = true;
    this.#datagrams?.close();
    this.#datagrams = undefined;
    this.#connection?.destroy();
    this.#connection = undefined;
  }

  async #ask(bytes: Uint8Array): Promise<void> {
    // Even the failure to open a socket is reported after the constructor.
    await Promise.resolve();
    if (this.#isOver) return;
    try {
      const reply = await this.#askByDatagram(bytes);
      if (reply?.kind === "truncated") this.#askByConnection(bytes);
      else this.#end(reply);
    } catch {
      this.#end(undefined); // No route, no socket of that family, or closed.
    }
  }

  async #askByDatagram(bytes: Uint8Array): Promise<Reply<T> | undefined> {
    const { address, port } = this.server;
    // Each question has a random port of its own, which forgers must guess.
    const socket = Deno.listenDatagram({ transport: "udp", hostname: anyAddressFor(address), port: 0 });
    this.#datagrams = socket;
    await socket.send(bytes, { transport: "udp", hostname: address, port });
    const buffer = new Uint8Array(BUFFER_SIZE);
    while (!this.#isOver) {
      const [datagram, from] = await socket.receive(buffer);
      if (from.transport !== "udp" || from.port !== port || from.hostname !== address) continue;
      const reply = readReply(datagram, this.#question, this.#id);
      if (!reply) continue;
      this.#datagrams = undefined;
      socket.close();
      return reply;
    }
  }

  #askByConnection(bytes: Uint8Array): void {
    if (this.#isOver) return;
    const { address, port } = this.server;
    const socket = connect({ host: address, port });
    this.#connection = socket;
    let received = Buffer.alloc(0);
    socket.on("connect", () => {
      socket.write(Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]));
    });
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const end = received.length < 2 ? Infinity : 2 + received.readUInt16BE(0);
      if (received.length < end) return;
      const reply = readReply(received.subarray(2, end), this.#question, this.#id);
      this.#end(reply?.kind === "truncated" ? undefined : reply);
    });
    socket.on("error", () => this.#end(undefined));
    socket.on("close", () => this.#end(undefined));
  }

  #end(reply: Reply<T> | undefined): void {
    if (this.#isOver) return;
    this.close();
    this.#onEnd(reply);
  }
}

/** Returns the address to bind; for a loopback server loopback, where nobody else can send. */
function anyAddressFor(server: string): string {
  if (server.includes(":")) return server === "::1" ? "::1" : "::";
  return server.startsWith("127.") ? "127.0.0.1" : "0.0.0.0";
}
