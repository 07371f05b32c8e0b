/** A user agent of a ladder: sends and expects messages as text, from one address. */
import assert from "node:assert/strict";
import { escapeUser } from "../../src/message/sip_uri.ts";
import type { MemoryTransport } from "./memory_transport.ts";
import {
  ackTo,
  bodyOf,
  complete,
  type Credentials,
  type DigestOptions,
  methodOf,
  requestUri,
  type ResponseParts,
  responseTo,
  sip,
  startLine,
  withCredentials,
} from "./sip_text.ts";

/** The user of a phone, and the source of its messages. */
export interface PhoneOptions {
  readonly username: string;
  readonly domain: string;
  readonly address: string;
  readonly port: number;
  readonly protocol: "udp" | "tcp" | "tls";
  /** The host it registers at: the domain unless said otherwise. */
  readonly registrar: string;
  /** The username backwards unless said otherwise. */
  readonly secret?: string;
}

/** The network that a phone hangs on. */
export interface PhoneHost {
  readonly transports: Readonly<Record<"udp" | "tcp" | "tls", MemoryTransport>>;
  /** For branches and Call-IDs. */
  nextNumber(): number;
}

/** The password of everybody called `username`. */
export function secretOf(username: string): string {
  return [...username].reverse().join("");
}

/** A user agent, or anything else that speaks SIP, at one address. */
export class Phone implements Credentials {
  readonly username: string;
  readonly secret: string;
  readonly #host: PhoneHost;
  readonly #options: PhoneOptions;
  #cseq = 0;

  constructor(host: PhoneHost, options: PhoneOptions) {
    this.#host = host;
    this.#options = options;
    this.username = options.username;
    this.secret = options.secret ?? secretOf(options.username);
  }

  /** `sip:alice@192.0.2.11:5060`, with its transport when that is not UDP. */
  get uri(): string {
    const { username, address, port, protocol } = this.#options;
    return `sip:${escapeUser(username)}@${address}:${port}${
      protocol === "udp" ? "" : `;transport=${protocol}`
    }`;
  }

  /** The username as far as a token may have it (§25.1). */
  get #token(): string {
    return this.username.replace(/[^\w.!~*'+-]/g, "_");
  }

  get transport(): MemoryTransport {
    return this.#host.transports[this.#options.protocol];
  }

  /**
   * Sends a request written as indented lines. What it does not say is usual: Via with a new branch, Max-Forwards,
   * From with this phone's address-of-record and tag, To with the Request-URI (REGISTER: the address-of-record),
   * Call-ID (a new one, but for REGISTER), CSeq counted up, Content-Length. Returns the whole message.
   */
  send(text: string): string {
    const { username, address, port, protocol, domain } = this.#options;
    const request = sip(text);
    const method = methodOf(request);
    const isRegister = method === "REGISTER";
    const user = escapeUser(username);
    const addressOfRecord = `<sip:${user}@${domain}>`;
    const whole = complete(request, [
      `Via: SIP/2.0/${protocol.toUpperCase()} ${address}:${port};branch=z9hG4bK-${this.#token}-${this.#host.nextNumber()}`,
      `Max-Forwards: 70`,
      `From: ${addressOfRecord};tag=tag-of-${this.#token}`,
      `To: ${isRegister ? addressOfRecord : `<${requestUri(request)}>`}`,
      `Call-ID: ${isRegister ? "registrations" : `call-${this.#host.nextNumber()}`}@${address}:${port}`,
      `CSeq: ${++this.#cseq} ${method}`,
      `Content-Length: ${bodyOf(request).length}`,
    ]);
    return this.sendAsIs(whole);
  }

  /** Sends exactly these bytes and returns them. */
  sendAsIs(message: string): string {
    // Another request of this phone follows this one: its CSeq must be higher.
    const cseq = /^CSeq: *(\d+)/im.exec(message);
    if (cseq) this.#cseq = Math.max(this.#cseq, Number(cseq[1]));
    this.transport.receive(message, this.#options);
    return message;
  }

  /** Takes the next message: a response by its status (`180`), a request by the beginning of its start line. */
  expect(start: string): string {
    const wanted = /^\d/.test(start) ? `SIP/2.0 ${start}` : start;
    const message = this.#inbox().shift();
    if (message === undefined) assert.fail(`${this.uri} should have got "${wanted}" but got nothing`);
    assert.equal(message.slice(0, wanted.length), wanted, `${this.uri} got:\n${message}`);
    return message;
  }

  /** Everything that has come and was not taken. */
  takeAll(): string[] {
    return this.#inbox().splice(0);
  }

  expectNothing(): void {
    assert.deepEqual(this.#inbox().map(startLine), [], `${this.uri} should have got nothing`);
  }

  /** Answers a request; every phone has a tag of its own. */
  answer(request: string, status: string, parts: ResponseParts = {}): string {
    return this.sendAsIs(this.textOf(request, status, parts));
  }

  /** Returns the text of a response. */
  textOf(request: string, status: string, parts: ResponseParts = {}): string {
    return responseTo(request, status, { tag: `tag-at-${this.#options.address}`, ...parts });
  }

  /** Answers 200 with this phone's Contact. */
  accept(request: string, lines = ""): string {
    return this.answer(request, "200 OK", { lines: `Contact: <${this.uri}>\n${lines}` });
  }

  /** Sends a request once more with credentials for the challenge that it got. */
  authenticate(request: string, challenge: string, options: Partial<DigestOptions> = {}): string {
    const { username, secret } = this;
    return this.sendAsIs(withCredentials(request, challenge, { username, secret, ...options }));
  }

  /** Sends a REGISTER with these lines, answers the challenge, and takes whatever final answer comes. */
  tryRegister(lines: string = `Contact: <${this.uri}>`): string {
    const request = this.send(
      [`REGISTER sip:${this.#options.registrar} SIP/2.0`, sip(lines).trimEnd()].join("\n"),
    );
    this.authenticate(request, this.expect("401"));
    return this.expect("");
  }

  register(lines?: string): string {
    const answer = this.tryRegister(lines);
    assert.match(answer, /^SIP\/2\.0 200 /);
    return answer;
  }

  /** Sends an INVITE or other request, passes its 407, and returns what was sent with credentials. */
  sendAuthenticated(text: string): string {
    const request = this.send(text);
    const challenge = this.expect("407");
    if (methodOf(request) === "INVITE") this.sendAsIs(ackTo(request, challenge));
    return this.authenticate(request, challenge);
  }

  /** An authenticated INVITE with this phone's Contact and these lines, up to the 100. */
  invite(target: string, lines = ""): string {
    const invite = this.sendAuthenticated(
      [`INVITE ${target} SIP/2.0`, `Contact: <${this.uri}>`, sip(lines).trimEnd()].join("\n").trimEnd(),
    );
    this.expect("100");
    return invite;
  }

  /** Ends this phone's connection. */
  hangUpConnection(): void {
    this.transport.closeConnection(this.#options.address, this.#options.port);
  }

  #inbox(): string[] {
    const { address, port } = this.#options;
    return this.transport.flows.find((flow) =>
      flow.remoteAddress === address && flow.remotePort === port && flow.sent.length > 0
    )?.sent ?? [];
  }
}
