/** A user agent on a real socket: sends and expects messages as text, and follows route sets to the letter. */
import assert from "node:assert/strict";
import type { Endpoint, Peer } from "../../contract/transport_peers.ts";
import { domain, secret } from "../../support/routr_process.ts";
import {
  ackTo,
  bodyOf,
  branchOf,
  complete,
  type Credentials,
  headers,
  methodOf,
  requestUri,
  type ResponseParts,
  responseTo,
  sip,
  uriIn,
  withCredentials,
} from "../../support/sip_text.ts";
import type { TransportRoutr } from "./transport_routr.ts";
import { isWebSocket, nameOf, socketsOf, transportParameter, type Way } from "./way.ts";

const patience = 5_000;

export interface WirePhoneOptions {
  readonly user: string;
  readonly way: Way;
  /** `sips:` in the Contact. */
  readonly isSecure?: boolean;
  /** `host:port` for Via and Contact, when it is not the socket's own. */
  readonly sentBy?: string;
}

export class WirePhone implements Credentials, AsyncDisposable {
  readonly username: string;
  readonly secret = secret;
  readonly way: Way;
  /** The address of the server. */
  readonly server: Endpoint;
  /** Its own end of the socket. */
  readonly local: Endpoint;
  /** `host:port` in its Vias; a browser's is made up (RFC 7118 §5). */
  readonly sentBy: string;
  readonly contact: string;
  readonly #peer: Peer;
  readonly #reading: Promise<void>;
  readonly #inbox: string[] = [];
  readonly #datagrams = new Set<string>();
  #arrived: () => void = () => {};
  #isOver = false;
  #cseq = 0;

  private constructor(peer: Peer, server: Endpoint, { user, way, isSecure, sentBy }: WirePhoneOptions) {
    this.username = user;
    this.way = way;
    this.server = server;
    this.local = { address: peer.address, port: peer.port };
    this.sentBy = sentBy ??
      (isWebSocket(way.protocol) ? `${token()}.invalid` : `${peer.address}:${peer.port}`);
    this.contact = `${isSecure ? "sips" : "sip"}:${user}@${this.sentBy}` +
      (way.protocol === "udp" || isSecure && way.protocol === "tls"
        ? ""
        : `;transport=${transportParameter(way.protocol)}`);
    this.#peer = peer;
    this.#reading = this.#read();
  }

  static async connect(
    routr: Pick<TransportRoutr, "endpointOf" | "identity">,
    options: WirePhoneOptions,
  ): Promise<WirePhone> {
    const server = routr.endpointOf(options.way);
    const peer = await socketsOf(options.way.protocol, routr.identity).connect(server);
    return new WirePhone(peer, server, options);
  }

  /** The conversation that the server begins with this phone. */
  static accepted(peer: Peer, server: Endpoint, options: WirePhoneOptions): WirePhone {
    return new WirePhone(peer, server, options);
  }

  /**
   * Sends a request written as indented lines, by its topmost Route if it has any. What it does not say is usual: Via
   * with a new branch and `rport`, Max-Forwards, From with tag, To, Call-ID, CSeq counted up, Content-Length.
   */
  async send(text: string): Promise<string> {
    const request = sip(text);
    const method = methodOf(request);
    const addressOfRecord = `<sip:${this.username}@${domain}>`;
    const whole = complete(request, [
      `Via: SIP/2.0/${this.way.protocol.toUpperCase()} ${this.sentBy};branch=z9hG4bK${token()};rport`,
      "Max-Forwards: 70",
      `From: ${addressOfRecord};tag=${token()}`,
      `To: ${method === "REGISTER" ? addressOfRecord : `<${requestUri(request)}>`}`,
      `Call-ID: ${token()}`,
      `CSeq: ${++this.#cseq} ${method}`,
      `Content-Length: ${bodyOf(request).length}`,
    ]);
    const [route] = headers(whole, "Route");
    if (route !== undefined) this.assertLeadsHere(route);
    return await this.sendAsIs(whole);
  }

  /** A Route or Record-Route entry names this phone's way to the server, by the address the phone knows it by. */
  assertLeadsHere(entry: string): void {
    const { protocol } = this.way;
    const { address, port } = this.server;
    const uri = uriIn(entry);
    assert.equal(/^sips?:(?:[^@;]*@)?([^;]*)/.exec(uri)?.[1], `${address}:${port}`, entry);
    assert.match(uri, /;lr(;|$)/);
    assert.ok(protocolsOf(uri).includes(protocol), `${entry} does not lead to ${nameOf(this.way)}`);
  }

  /** Sends exactly these bytes by this phone's socket, and returns them. */
  async sendAsIs(message: string): Promise<string> {
    const cseq = /^CSeq: *(\d+)/im.exec(message);
    if (cseq) this.#cseq = Math.max(this.#cseq, Number(cseq[1]));
    await this.#peer.write(message);
    return message;
  }

  /** Takes the next message: a response by its status (`180`), a request by the beginning of its start line. */
  async expect(start: string, milliseconds = patience): Promise<string> {
    const wanted = /^\d/.test(start) ? `SIP/2.0 ${start}` : start;
    await this.#waitFor(() => this.#inbox.length > 0 || this.#isOver, milliseconds);
    const message = this.#inbox.shift();
    const who = `${this.username} (${nameOf(this.way)})`;
    if (message === undefined) {
      assert.fail(
        `${who} should have got "${wanted}" but ${this.#isOver ? "its socket is closed" : "nothing came"}`,
      );
    }
    assert.equal(message.slice(0, wanted.length), wanted, `${who} got:\n${message}`);
    return message;
  }

  /** Resolves when the server has ended the connection. */
  async expectEnd(milliseconds = patience): Promise<void> {
    await this.#waitFor(() => this.#isOver, milliseconds);
    assert.ok(this.#isOver, `${this.username} (${nameOf(this.way)}) is still connected`);
  }

  /** Nothing has come that was not taken, nor does anything within this time. */
  async expectNothing(milliseconds: number): Promise<void> {
    await this.#waitFor(() => this.#inbox.length > 0, milliseconds);
    assert.deepEqual(this.#inbox, []);
  }

  /** Answers a request (§8.2.6); a dialog has this phone's Contact. */
  async answer(request: string, status: string, parts: ResponseParts = {}): Promise<string> {
    return await this.sendAsIs(this.textOf(request, status, parts));
  }

  /** Returns the text of a response. */
  textOf(request: string, status: string, parts: ResponseParts = {}): string {
    return responseTo(request, status, {
      tag: `tag-${branchOf(request).slice(-12).replaceAll(/\W/g, "")}`,
      lines: `Contact: <${this.contact}>`,
      ...parts,
    });
  }

  /** Registers this phone's Contact for an hour, or whatever `lines` say; returns the 200. */
  async register(lines = `Contact: <${this.contact}>\nExpires: 3600`): Promise<string> {
    const request = await this.send(`REGISTER sip:${domain} SIP/2.0\n${lines}`);
    const challenge = await this.expect("401");
    await this.sendAsIs(withCredentials(request, challenge, this));
    return await this.expect("200");
  }

  /** Sends a request outside of dialogs and passes its 407; returns what was sent with credentials. */
  async sendAuthenticated(text: string): Promise<string> {
    const request = await this.send(text);
    const challenge = await this.expect("407");
    if (methodOf(request) === "INVITE") await this.sendAsIs(ackTo(request, challenge));
    return await this.sendAsIs(withCredentials(request, challenge, this));
  }

  /** Sends an INVITE with credentials, up to the 100. */
  async invite(uri: string): Promise<string> {
    const invite = await this.sendAuthenticated(`INVITE ${uri} SIP/2.0\nContact: <${this.contact}>`);
    await this.expect("100");
    return invite;
  }

  /** Closes the socket. */
  close(): void {
    this.#isOver = true;
    this.#peer.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.#reading;
  }

  async #read(): Promise<void> {
    try {
      for (;;) {
        const message = await this.#peer.readMessage();
        if (message === undefined) break;
        if (this.#isRepetition(message) || message.trim() === "") continue;
        this.#inbox.push(message);
        this.#arrived();
      }
    } catch (error) {
      if (!this.#isOver) throw error;
    }
    this.#isOver = true;
    this.#arrived();
  }

  /** A retransmission, which a slow machine may see on UDP. */
  #isRepetition(message: string): boolean {
    if (this.way.protocol !== "udp") return false;
    const isKnown = this.#datagrams.has(message);
    this.#datagrams.add(message);
    return isKnown;
  }

  async #waitFor(condition: () => boolean, milliseconds: number): Promise<void> {
    const deadline = Date.now() + milliseconds;
    while (!condition()) {
      const remaining = deadline - Date.now();
      if (remaining <= 0) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, remaining);
        this.#arrived = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

/** Returns the transports for a URI with a literal address (RFC 3263 §4.1, RFC 7118 §5.2). */
function protocolsOf(uri: string): readonly string[] {
  const named = /;transport=([^;]*)/.exec(uri)?.[1];
  if (!uri.startsWith("sips:")) return named === "ws" ? ["ws", "wss"] : [named ?? "udp"];
  return named === "ws" ? ["wss"] : ["tls"];
}

function token(): string {
  return crypto.randomUUID().slice(-12);
}
