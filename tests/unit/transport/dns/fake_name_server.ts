/** A name server whose answers the test gives, over UDP and TCP on one port of 127.0.0.1. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
// @ts-types="../../../../src/transport/dns/dns_packet.d.ts"
import {
  type Answer,
  decode,
  type DecodedPacket,
  encode,
  type Packet,
  streamEncode,
  TRUNCATED_RESPONSE,
} from "dns-packet";
import { pause } from "../../../support/pause.ts";

export interface Asked {
  readonly name: string;
  readonly type: string;
  readonly id: number;
  readonly via: "udp" | "tcp";
  readonly isExtended: boolean;
  readonly port: number;
}

/** An answer: a packet (id and question are added if missing), raw bytes, several, or none. */
export type Said = Packet | Uint8Array | undefined;

export const NAME_ERROR = 3;
export const SERVER_FAILURE = 2;
export const REFUSED = 5;

export class FakeNameServer implements AsyncDisposable {
  readonly port: number;
  /** All questions, in order. */
  readonly questions: Asked[] = [];
  readonly #datagrams: Deno.DatagramConn;
  readonly #listener: Deno.Listener;
  readonly #answer: (asked: Asked) => Said | readonly Said[] | Promise<Said>;
  readonly #ended: Promise<unknown>;

  constructor(answer: (asked: Asked) => Said | readonly Said[] | Promise<Said>) {
    this.#answer = answer;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = (this.#listener.addr as Deno.NetAddr).port;
    this.#datagrams = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: this.port });
    this.#ended = Promise.allSettled([this.#serveDatagrams(), this.#serveConnections()]);
  }

  /** The address for the configuration. */
  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** `NAPTR example.com`, … */
  get asked(): string[] {
    return this.questions.map(({ type, name }) => `${type} ${name}`);
  }

  /** Resolves once `count` questions have come. */
  async whenAsked(count: number): Promise<void> {
    for (let i = 0; this.questions.length < count; i++) {
      assert.ok(i < 1000, `${this.questions.length} questions came, not ${count}`);
      await pause(2);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#datagrams.close();
    this.#listener.close();
    await this.#ended;
  }

  async #serveDatagrams(): Promise<void> {
    const answering: Promise<void>[] = [];
    for await (const [bytes, from] of this.#datagrams) {
      answering.push(this.#answerDatagram(bytes, from as Deno.NetAddr));
    }
    await Promise.allSettled(answering);
  }

  async #answerDatagram(bytes: Uint8Array, from: Deno.NetAddr): Promise<void> {
    for (const reply of await this.#replies(bytes, "udp", from.port)) await this.#datagrams.send(reply, from);
  }

  async #serveConnections(): Promise<void> {
    for await (const connection of this.#listener) {
      const bytes = new Uint8Array(4096);
      const length = await connection.read(bytes) ?? 0;
      const replies = length < 2 ? [] : await this.#replies(bytes.slice(2, length), "tcp", 0);
      for (const reply of replies) await connection.write(reply);
      connection.close();
    }
  }

  async #replies(bytes: Uint8Array, via: "udp" | "tcp", port: number): Promise<Uint8Array[]> {
    const query = decode(Buffer.from(bytes));
    const [{ name, type }] = query.questions ?? [];
    const isExtended = query.additionals?.some((record) => record.type === "OPT") ?? false;
    const asked: Asked = { name, type, id: query.id ?? 0, via, isExtended, port };
    this.questions.push(asked);
    const said = await this.#answer(asked);
    const all: readonly Said[] = Array.isArray(said) ? said : [said as Said];
    return all.filter((each) => each !== undefined).map((each) => toBytes(each, query, via));
  }
}

function toBytes(said: Packet | Uint8Array, query: DecodedPacket, via: "udp" | "tcp"): Uint8Array {
  if (said instanceof Uint8Array) return said;
  const packet: Packet = { id: query.id, questions: query.questions, ...said, type: "response" };
  return via === "tcp" ? streamEncode(packet) : encode(packet);
}

/** Answers from a list of records, as a server that follows aliases does; other names do not exist. */
export function zone(records: readonly Answer[], soa: Answer | undefined = SOA): (asked: Asked) => Packet {
  return ({ name, type }) => {
    const answers: Answer[] = [];
    let owner = name;
    for (;;) {
      const alias = records.find((record) => record.name === owner && record.type === "CNAME");
      const found = records.filter((record) => record.name === owner && record.type === type);
      answers.push(...found);
      if (found.length > 0 || alias?.type !== "CNAME" || answers.includes(alias)) break;
      answers.push(alias);
      owner = alias.data;
    }
    if (answers.some((record) => record.type === type)) return { answers };
    const isKnown = records.some((record) => record.name === owner);
    return { flags: isKnown ? 0 : NAME_ERROR, answers, authorities: soa ? [soa] : [] };
  };
}

export const SOA: Answer = {
  type: "SOA",
  name: "example",
  ttl: 3600,
  data: { mname: "ns.example", rname: "root.example", minimum: 20 },
};

export function a(name: string, data: string, ttl = 300): Answer {
  return { type: "A", name, ttl, data };
}

export function aaaa(name: string, data: string, ttl = 300): Answer {
  return { type: "AAAA", name, ttl, data };
}

export function cname(name: string, data: string, ttl = 300): Answer {
  return { type: "CNAME", name, ttl, data };
}

export function srv(name: string, target: string, port = 5060, priority = 0, weight = 0): Answer {
  return { type: "SRV", name, ttl: 300, data: { priority, weight, port, target } };
}

export function naptr(
  name: string,
  services: string,
  replacement: string,
  order = 10,
  preference = 10,
): Answer {
  return {
    type: "NAPTR",
    name,
    ttl: 300,
    data: { order, preference, flags: "s", services, regexp: "", replacement },
  };
}

/** A packet for an answer that is too long for a datagram. */
export const TRUNCATED: Packet = { flags: TRUNCATED_RESPONSE };
