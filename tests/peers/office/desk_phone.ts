/**
 * A phone on a UDP socket of a site: it registers, places and takes calls by itself, repeats what is not answered, and
 * sends requests within a dialog where route set and remote target lead, without asking the server (§12.2.1.1).
 */
import { domain, secret } from "../../support/routr_process.ts";
import {
  complete,
  header,
  headers,
  methodOf,
  parameter,
  sip,
  startLine,
  tagOf,
  withCredentials,
} from "../../support/sip_text.ts";
import { DeskCall, replacedIn } from "./desk_call.ts";
import type { Site } from "./office_network.ts";
import { type Arrival, type Endpoint, SipSocket, token, within } from "./sip_socket.ts";

const PATIENCE_MS = 8_000;
/** NATs forget who is silent; phones send something now and then (RFC 5626 §3.5.1). */
const KEEP_ALIVE_MS = 10_000;

export interface DeskPhoneOptions {
  readonly user: string;
  readonly site: Site;
  /** The server, or a proxy before it. */
  readonly server: Endpoint;
  /**
   * Its reaction to a response that shows a NAT: leave its Contact as it is, correct it to the
   * address that the server saw, or correct it and its Via, and say `ob` (RFC 5626 §5), as pjsua does.
   */
  readonly contact?: "leave" | "correct" | "ob";
  /** A Route for what it sends outside of dialogs, such as `sip:pbx.lan;lr`. */
  readonly route?: string;
  /** The port of another socket, which it sends from and never listens at; it then does not ask for `rport`. */
  readonly sendsFrom?: number;
  /** Time of ringing before it answers; undefined: it answers by `accept()`. */
  readonly answersAfterMs?: number;
}

/** Options of a request. */
export interface RequestOptions {
  readonly body?: string;
  /** Its destination; the server unless said otherwise. */
  readonly to?: Endpoint;
  onProvisional?(response: string): void;
  /** The request as it is sent, again when it is sent with credentials. */
  onSent?(request: string): void;
}

export class DeskPhone implements AsyncDisposable {
  readonly user: string;
  readonly #options: DeskPhoneOptions;
  readonly #socket: SipSocket;
  readonly #calls: DeskCall[] = [];
  /** Calls that came in and were not asked for yet. */
  readonly #incoming: DeskCall[] = [];
  readonly #registration = { callId: token(), tag: token(), cseq: 1 };
  readonly #keepAlive: ReturnType<typeof setInterval>;
  #contact: string;
  #sentBy: string;
  #onCall: () => void = () => {};

  constructor(options: DeskPhoneOptions) {
    const { user, site, sendsFrom, server } = options;
    this.user = user;
    this.#options = options;
    this.#socket = new SipSocket({
      site,
      sendsFrom,
      takeRequest: (arrival) => this.#take(arrival),
      takeLateResponse: (response) => this.#callOf(response)?.acknowledgeAgain(),
    });
    this.#sentBy = `${this.endpoint.address}:${this.endpoint.port}`;
    this.#contact = `sip:${user}@${this.#sentBy}`;
    this.#keepAlive = setInterval(() => this.#socket.send("\r\n\r\n", server), KEEP_ALIVE_MS);
  }

  /** Makes a phone and registers it. */
  static async registered(options: DeskPhoneOptions): Promise<DeskPhone> {
    const phone = new DeskPhone(options);
    try {
      await phone.register();
      return phone;
    } catch (error) {
      await phone[Symbol.asyncDispose]();
      throw error;
    }
  }

  get contact(): string {
    return this.#contact;
  }

  /** Its own end of the socket. */
  get endpoint(): Endpoint {
    return this.#socket.endpoint;
  }

  /** Registers; a phone that corrects its Contact then registers the right one and takes the wrong one back. */
  async register(contacts: readonly string[] = [`<${this.#contact}>`]): Promise<string> {
    const answer = await this.#register(contacts);
    const via = header(answer, "Via");
    const seen = `${parameter(via, "received")}:${parameter(via, "rport")}`;
    const { contact: habit = "leave" } = this.#options;
    if (habit === "leave" || !/^[\d.]+:\d+$/.test(seen) || this.#contact.includes(`@${seen}`)) return answer;
    const wrong = this.#contact;
    this.#contact = `sip:${this.user}@${seen}${habit === "ob" ? ";ob" : ""}`;
    if (habit === "ob") this.#sentBy = seen;
    return await this.#register([`<${this.#contact}>`, `<${wrong}>;expires=0`]);
  }

  /** Calls a user; resolves when it is answered. */
  call(user: string): Promise<DeskCall> {
    return this.invite(`sip:${user}@${domain}`);
  }

  /** Sends a text to a user; returns the final response. */
  message(user: string, text: string): Promise<string> {
    return this.requestOutside([
      `MESSAGE sip:${user}@${domain} SIP/2.0`,
      `From: <sip:${this.user}@${domain}>;tag=${token()}`,
      `To: <sip:${user}@${domain}>`,
      `Call-ID: ${token()}`,
      "CSeq: 1 MESSAGE",
      "Content-Type: text/plain",
    ], { body: text });
  }

  /** Calls a URI, with these header lines; resolves when it is answered. */
  async invite(uri: string, lines: readonly string[] = []): Promise<DeskCall> {
    const call = DeskCall.outgoing(this, uri);
    this.#calls.push(call);
    await call.start(lines);
    return call;
  }

  /** The next call that comes in. */
  async nextCall(): Promise<DeskCall> {
    if (this.#incoming.length === 0) {
      await this.wait(new Promise<void>((resolve) => this.#onCall = resolve), "no call came");
    }
    return this.#incoming.shift()!;
  }

  /** Sends a request outside of dialogs; passes a challenge, and returns the final response. */
  requestOutside(lines: readonly string[], options: RequestOptions = {}): Promise<string> {
    const { route } = this.#options;
    const [first, ...others] = lines;
    return this.request(route === undefined ? lines : [first, `Route: <${route}>`, ...others], options);
  }

  /** Sends a request with these lines and the usual ones; passes a challenge, and returns the final response. */
  async request(lines: readonly string[], options: RequestOptions = {}): Promise<string> {
    const { body = "", to = this.#options.server, onProvisional, onSent } = options;
    const request = complete(`${sip(lines.join("\n"))}${body}`, [
      this.newVia(),
      "Max-Forwards: 70",
      `Content-Length: ${body.length}`,
    ]);
    onSent?.(request);
    try {
      const response = await this.#socket.request(request, to, onProvisional);
      if (!/^SIP\/2\.0 40[17]/.test(response)) return response;
      const again = withCredentials(request, response, { username: this.user, secret });
      onSent?.(again);
      return await this.#socket.request(again, to, onProvisional);
    } catch (error) {
      throw this.failure((error as Error).message);
    }
  }

  /** Sends text that nothing is waited for: an ACK, a response. */
  send(message: string, to: Endpoint = this.#options.server): void {
    this.#socket.send(message, to);
  }

  /** A Via of this phone with a branch of its own. */
  newVia(): string {
    const rport = this.#options.sendsFrom === undefined ? ";rport" : "";
    return `Via: SIP/2.0/UDP ${this.#sentBy};branch=z9hG4bK${token()}${rport}`;
  }

  /** Rejects with what this phone saw when it has to wait too long. */
  async wait<T>(promise: Promise<T>, what: string, milliseconds = PATIENCE_MS): Promise<T> {
    return await within(promise, milliseconds, () => this.failure(what).message);
  }

  failure(what: string): Error {
    return new Error(`Phone ${this.user} (${this.#contact}): ${what}\n${this.#socket.log}\n`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#keepAlive);
    for (const call of this.#calls) call.abandon();
    await this.#socket[Symbol.asyncDispose]();
  }

  async #register(contacts: readonly string[]): Promise<string> {
    const { callId, tag, cseq } = this.#registration;
    this.#registration.cseq += 2; // one more for the credentials
    const answer = await this.requestOutside([
      `REGISTER sip:${domain} SIP/2.0`,
      `From: <sip:${this.user}@${domain}>;tag=${tag}`,
      `To: <sip:${this.user}@${domain}>`,
      `Call-ID: ${callId}`,
      `CSeq: ${cseq} REGISTER`,
      ...contacts.map((contact) => `Contact: ${contact}`),
      "Expires: 600",
    ]);
    if (!answer.startsWith("SIP/2.0 200")) throw this.failure(`its registration got ${startLine(answer)}`);
    return answer;
  }

  #take(arrival: Arrival): void {
    const { request, answer } = arrival;
    const method = methodOf(request);
    const call = this.#callOf(request);
    if (call) return call.take(arrival);
    if (method === "ACK") return;
    if (method === "OPTIONS" || method === "MESSAGE") return void answer("200 OK");
    if (method !== "INVITE" || tagOf(header(request, "To")) !== "") {
      return void answer("481 Call/Transaction Does Not Exist");
    }
    this.#ring(arrival);
  }

  #ring(arrival: Arrival): void {
    const replaced = replacedIn(arrival.request, this.#calls);
    const incoming = DeskCall.incoming(this, arrival);
    this.#calls.push(incoming);
    this.#incoming.push(incoming);
    this.#onCall();
    if (replaced) {
      incoming.accept();
      replaced.hangUp().catch(() => {}); // its other side may have left
    } else if (headers(arrival.request, "Replaces").length > 0) {
      incoming.refuse("481 Call/Transaction Does Not Exist");
    } else if (this.#options.answersAfterMs !== undefined) {
      incoming.acceptAfter(this.#options.answersAfterMs);
    }
  }

  #callOf(message: string): DeskCall | undefined {
    return this.#calls.find((call) => call.has(message));
  }
}
