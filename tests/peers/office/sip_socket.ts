/** A UDP socket of a phone: client transactions that repeat their request, requests that come, and a log of both. */
import {
  ackTo,
  branchOf,
  header,
  methodOf,
  type ResponseParts,
  responseTo,
  startLine,
} from "../../support/sip_text.ts";
import type { Site } from "./office_network.ts";

const T1_MS = 500;
const T2_MS = 4_000;
/** Time for a final response; to an INVITE, people give it. */
const PATIENCE_MS = 8_000;
const INVITE_PATIENCE_MS = 32_000;
const LOG_LINES = 60;

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** A request as it came. */
export interface Arrival {
  readonly request: string;
  /** The destination of responses. */
  readonly from: Endpoint;
  /** Sends a response and returns it; a request that comes again gets it again, unless it is an INVITE. */
  answer(status: string, parts?: ResponseParts & { body?: string }): string;
}

export interface SipSocketOptions {
  readonly site: Site;
  /** A port to send from, when the phone does not send from where it listens. */
  readonly sendsFrom?: number;
  takeRequest(arrival: Arrival): void;
  /** A response to an INVITE that has its final one already. */
  takeLateResponse(response: string): void;
}

interface Pending {
  settle(response: string): void;
  onProvisional(response: string): void;
}

export class SipSocket implements AsyncDisposable {
  readonly endpoint: Endpoint;
  readonly #options: SipSocketOptions;
  readonly #socket: Deno.DatagramConn;
  readonly #sender: Deno.DatagramConn | undefined;
  readonly #reading: Promise<void>;
  readonly #pending = new Map<string, Pending>();
  readonly #answers = new Map<string, string>();
  readonly #log: string[] = [];

  constructor(options: SipSocketOptions) {
    const { site: { namespace, address }, sendsFrom } = options;
    const open = (port: number) =>
      namespace.inside(() => Deno.listenDatagram({ transport: "udp", hostname: address, port }));
    this.#options = options;
    this.#socket = open(0);
    this.#sender = sendsFrom === undefined ? undefined : open(sendsFrom);
    this.endpoint = { address, port: (this.#socket.addr as Deno.NetAddr).port };
    this.#reading = this.#read();
  }

  /** The first lines of the last messages that it sent and got. */
  get log(): string {
    return this.#log.join("\n");
  }

  /** Sends text that nothing comes back for. */
  send(message: string, to: Endpoint): void {
    if (message.trim() !== "") this.#note(`> ${to.address}:${to.port} ${startLine(message)}`);
    const address = { transport: "udp", hostname: to.address, port: to.port } as const;
    // What cannot be sent is lost, as on any network.
    (this.#sender ?? this.#socket).send(new TextEncoder().encode(message), address).catch(() => {});
  }

  /** Sends a request until something comes back, and returns its final response; acknowledges one that refuses. */
  async request(
    request: string,
    to: Endpoint,
    onProvisional: (response: string) => void = () => {},
  ): Promise<string> {
    const isInvite = methodOf(request) === "INVITE";
    const key = `${branchOf(request)} ${methodOf(request)}`;
    let intervalMs = T1_MS;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const repeat = () => {
      this.send(request, to);
      timer = setTimeout(repeat, intervalMs);
      intervalMs = isInvite ? intervalMs * 2 : Math.min(intervalMs * 2, T2_MS);
    };
    const final = new Promise<string>((settle) => {
      this.#pending.set(key, {
        settle,
        onProvisional: (response) => {
          if (isInvite) clearTimeout(timer);
          onProvisional(response);
        },
      });
    });
    repeat();
    try {
      const patience = isInvite ? INVITE_PATIENCE_MS : PATIENCE_MS;
      const response = await within(final, patience, () => `no final response to ${startLine(request)}`);
      if (isInvite && !response.startsWith("SIP/2.0 2")) this.send(ackTo(request, response), to);
      return response;
    } finally {
      clearTimeout(timer);
      this.#pending.delete(key);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    this.#sender?.close();
    await this.#reading;
  }

  async #read(): Promise<void> {
    for (;;) {
      try {
        const [bytes, from] = await this.#socket.receive();
        const { hostname, port } = from as Deno.NetAddr;
        this.#take(new TextDecoder().decode(bytes), { address: hostname, port });
      } catch (error) {
        // What an earlier datagram met is told to this socket; anything else is its end.
        if (!(error instanceof Deno.errors.ConnectionRefused)) return;
      }
    }
  }

  #take(message: string, source: Endpoint): void {
    if (message.trim() === "") return;
    this.#note(`< ${source.address}:${source.port} ${startLine(message)}`);
    if (message.startsWith("SIP/2.0 ")) return this.#takeResponse(message);
    const from = answerEndpoint(message, source);
    const method = methodOf(message);
    const key = `${branchOf(message)} ${method}`;
    const before = this.#answers.get(key);
    if (before !== undefined) return this.send(before, from);
    const answer: Arrival["answer"] = (status, { body = "", ...parts } = {}) => {
      const head = responseTo(message, status, parts);
      const response = `${head.replace(/^(Content-Length: )0/m, `$1${body.length}`)}${body}`;
      if (method !== "INVITE") this.#answers.set(key, response);
      this.send(response, from);
      return response;
    };
    this.#options.takeRequest({ request: message, from, answer });
  }

  #takeResponse(response: string): void {
    const method = header(response, "CSeq").split(" ").at(-1);
    const pending = this.#pending.get(`${branchOf(response)} ${method}`);
    if (pending && response.startsWith("SIP/2.0 1")) return pending.onProvisional(response);
    if (pending) return pending.settle(response);
    if (method === "INVITE") this.#options.takeLateResponse(response);
  }

  #note(line: string): void {
    this.#log.push(`${new Date().toISOString().slice(14, 23)} ${line}`);
    if (this.#log.length > LOG_LINES) this.#log.shift();
  }
}

/** Rejects when the promise takes longer. */
export async function within<T>(promise: Promise<T>, milliseconds: number, what: () => string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what()} in ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Returns the destination of a response: the source where `rport` asks for that (RFC 3581 §4), else its address and Via's port. */
function answerEndpoint(request: string, source: Endpoint): Endpoint {
  const via = header(request, "Via");
  if (/;\s*rport/i.test(via)) return source;
  return { address: source.address, port: Number(/^\S+\s+[^;]*:(\d+)/.exec(via)?.[1] ?? 5060) };
}

/** Returns the destination of a URI with an address. */
export function endpointOf(uri: string): Endpoint {
  const match = /^sips?:(?:[^@]*@)?([\d.]+)(?::(\d+))?/.exec(uri);
  if (!match) throw new Error(`Cannot send to "${uri}": it names no address`);
  return { address: match[1], port: Number(match[2] ?? 5060) };
}

export function token(): string {
  return crypto.randomUUID().slice(-12);
}
