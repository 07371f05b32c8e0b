/** A phone with a connection of its own: registers, calls, and answers calls. */
import { RING, TALK } from "./call_times.ts";
import type { PhoneConnection } from "./phone_connection.ts";
import { credentials, header, headerLines, statusCode } from "./sip_answer.ts";
import { DOMAIN, md5 } from "./subscribers.ts";

const EXPIRES = 3600; // seconds
const OFFER = [
  "v=0",
  "o=bench 53655765 2353687637 IN IP4 127.0.0.1",
  "s=-",
  "c=IN IP4 127.0.0.1",
  "t=0 0",
  "m=audio 40000 RTP/AVP 0 8 101",
  "a=rtpmap:0 PCMU/8000",
  "a=rtpmap:8 PCMA/8000",
  "a=rtpmap:101 telephone-event/8000",
  "",
].join("\r\n");
const ANSWER = OFFER.replace(
  "0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000",
  "0\r\na=rtpmap:0 PCMU/8000",
);

interface Request {
  readonly method: string;
  readonly uri: string;
  /** User part of the To address-of-record. */
  readonly to: string;
  readonly toTag?: string;
  readonly callId: string;
  readonly cseq: number;
  readonly branch: string;
  /** Whole header lines. */
  readonly extra?: string;
  readonly body?: string;
  /** Of the From header field, without quotes. */
  readonly displayName?: string;
}

export class ConnectedPhone {
  readonly user: string;
  readonly connection: PhoneConnection;
  readonly #domain: string;
  /** Waits for a final response, by Call-ID and CSeq. */
  readonly #waiting = new Map<string, (response: string) => void>();
  /** Call-IDs of calls answered here: whether their ACK has come. */
  readonly #answered = new Map<string, boolean>();
  readonly #sentBy: string;
  readonly #contact: string;
  readonly #registrationId: string;
  #registrationCseq = 0;
  #count = 0;

  constructor(user: string, connection: PhoneConnection, domain = DOMAIN) {
    const { protocol, address, port } = connection;
    this.user = user;
    this.connection = connection;
    this.#domain = domain;
    // A browser does not know its address (RFC 7118 §5).
    this.#sentBy = protocol === "ws" ? `${user}.invalid` : `${address}:${port}`;
    this.#contact = `<sip:${user}@${this.#sentBy};transport=${protocol}>`;
    this.#registrationId = `register-${crypto.randomUUID()}`;
    connection.onMessage = (text) => this.#receive(text);
  }

  /** REGISTER 401 REGISTER 200; whether it came to that. */
  async register(): Promise<boolean> {
    const callId = this.#registrationId;
    const uri = `sip:${this.#domain}`;
    const request = { method: "REGISTER", uri, to: this.user, callId };
    const extra = `Contact: ${this.#contact}\r\nExpires: ${EXPIRES}\r\n`;
    const cseq = this.#registrationCseq += 2;
    const challenge = await this.#request({ ...request, cseq: cseq - 1, branch: this.#branch(), extra });
    if (statusCode(challenge) !== 401) return false;
    const authorization = credentials(challenge, { user: this.user, method: "REGISTER", uri });
    const ok = await this.#request({
      ...request,
      cseq,
      branch: this.#branch(),
      extra: `${extra}Authorization: ${authorization}\r\n`,
    });
    return statusCode(ok) === 200;
  }

  /** OPTIONS to the server; the status it answers with. */
  async options(): Promise<number> {
    return statusCode(await this.#request(this.#optionsRequest()));
  }

  /** OPTIONS to the server, whose response nobody waits for; `displayName` makes both long, the response repeats it. */
  askInVain(displayName: string): void {
    this.#send({ ...this.#optionsRequest(), displayName });
  }

  /** MESSAGE 407 MESSAGE and a final response, whose status it returns. */
  async message(to: string, body: string): Promise<number> {
    const request = {
      method: "MESSAGE",
      uri: `sip:${to}@${this.#domain}`,
      to,
      callId: this.#newCallId(),
      body,
    };
    const extra = "Content-Type: text/plain\r\n";
    const challenge = await this.#request({ ...request, cseq: 1, branch: this.#branch(), extra });
    if (statusCode(challenge) !== 407) return statusCode(challenge);
    const authorization = credentials(challenge, { ...request, user: this.user });
    return statusCode(
      await this.#request({
        ...request,
        cseq: 2,
        branch: this.#branch(),
        extra: `${extra}Proxy-Authorization: ${authorization}\r\n`,
      }),
    );
  }

  /**
   * INVITE 407 ACK INVITE 100 180 200 ACK (talk) BYE 200; whether all of it worked.
   * @param onAnswered given the milliseconds from the first INVITE to the 200
   */
  async call(to: string, onAnswered?: (milliseconds: number) => void): Promise<boolean> {
    const begunAt = performance.now();
    const callId = this.#newCallId();
    const uri = `sip:${to}@${this.#domain}`;
    const extra = `Contact: ${this.#contact}\r\nContent-Type: application/sdp\r\n`;
    const invite = { method: "INVITE", uri, to, callId, body: OFFER };
    const branch = this.#branch();
    const challenge = await this.#request({ ...invite, cseq: 1, branch, extra });
    const toTag = tagOf(header(challenge, "To"));
    this.#send({ method: "ACK", uri, to, toTag, callId, cseq: 1, branch });
    if (statusCode(challenge) !== 407) return false;
    const authorization = credentials(challenge, { user: this.user, method: "INVITE", uri });
    const ok = await this.#request({
      ...invite,
      cseq: 2,
      branch: this.#branch(),
      extra: `${extra}Proxy-Authorization: ${authorization}\r\n`,
    });
    if (statusCode(ok) !== 200) return false;
    onAnswered?.(performance.now() - begunAt);
    const dialog = {
      uri: header(ok, "Contact").replace(/^<(.*?)>.*/, "$1"),
      to,
      toTag: tagOf(header(ok, "To")),
      callId,
      extra: routeSet(ok),
    };
    this.#send({ ...dialog, method: "ACK", cseq: 2, branch: this.#branch() });
    await new Promise((resolve) => setTimeout(resolve, TALK));
    const ended = await this.#request({ ...dialog, method: "BYE", cseq: 3, branch: this.#branch() });
    return statusCode(ended) === 200;
  }

  /** Sends a request; resolves with its final response. */
  #request(request: Request): Promise<string> {
    return new Promise((resolve) => {
      this.#waiting.set(`${request.callId} ${request.cseq}`, resolve);
      this.#send(request);
    });
  }

  #optionsRequest(): Request {
    const callId = this.#newCallId();
    const uri = `sip:${this.#domain}`;
    return { method: "OPTIONS", uri, to: this.user, callId, cseq: 1, branch: this.#branch() };
  }

  #send(request: Request): void {
    const { method, uri, to, toTag = "", callId, cseq, branch } = request;
    const { displayName = "", extra = "", body = "" } = request;
    this.connection.send(
      `${method} ${uri} SIP/2.0\r\n` +
        `Via: SIP/2.0/${this.connection.protocol.toUpperCase()} ${this.#sentBy};branch=${branch};rport\r\n` +
        "Max-Forwards: 70\r\n" +
        `From: ${displayName}<sip:${this.user}@${this.#domain}>;tag=${this.user}\r\n` +
        `To: <sip:${to}@${this.#domain}>${toTag}\r\n` +
        `Call-ID: ${callId}\r\n` +
        `CSeq: ${cseq} ${method}\r\n` +
        `${extra}User-Agent: bench\r\n` +
        `Content-Length: ${body.length}\r\n\r\n${body}`,
    );
  }

  #receive(text: string): void {
    const status = statusCode(text);
    if (Number.isNaN(status)) return this.#answer(text);
    if (status < 200) return;
    const key = `${header(text, "Call-ID")} ${parseInt(header(text, "CSeq"))}`;
    const resolve = this.#waiting.get(key);
    this.#waiting.delete(key);
    resolve?.(text);
  }

  #answer(request: string): void {
    const callId = header(request, "Call-ID");
    switch (request.slice(0, request.indexOf(" "))) {
      case "INVITE":
        this.#answered.set(callId, false);
        this.#respond(request, "180 Ringing");
        return void setTimeout(() => this.#respond(request, "200 OK", ANSWER), RING);
      case "ACK":
        return void this.#answered.set(callId, true);
      case "BYE": {
        const acknowledged = this.#answered.get(callId);
        this.#answered.delete(callId);
        return this.#respond(request, acknowledged ? "200 OK" : "481 Call/Transaction Does Not Exist");
      }
      default:
        return this.#respond(request, "200 OK");
    }
  }

  #respond(request: string, status: string, body = ""): void {
    const to = header(request, "To");
    this.connection.send(
      `SIP/2.0 ${status}\r\n${headerLines(request, "Via")}${headerLines(request, "Record-Route")}` +
        headerLines(request, "From") +
        `To: ${to}${to.includes(";tag=") ? "" : `;tag=${this.user}c`}\r\n` +
        `Call-ID: ${header(request, "Call-ID")}\r\nCSeq: ${header(request, "CSeq")}\r\n` +
        `Contact: ${this.#contact}\r\n` +
        (body ? "Content-Type: application/sdp\r\n" : "") +
        `Content-Length: ${body.length}\r\n\r\n${body}`,
    );
  }

  #newCallId(): string {
    return `${this.#count++}-${this.#registrationId.slice(9)}`;
  }

  #branch(): string {
    return `z9hG4bK${md5(`${this.#registrationId}${this.#count++}`)}`;
  }
}

function tagOf(to: string): string {
  return /;tag=[^;]*/.exec(to)?.[0] ?? "";
}

/** Route header lines for a caller: the Record-Route entries of the response, last first (§12.1.2). */
function routeSet(response: string): string {
  const entries = headerLines(response, "Record-Route").split("\r\n").slice(0, -1)
    .flatMap((line) => line.slice("Record-Route:".length).split(/,(?=\s*<)/));
  return entries.reverse().map((entry) => `Route: ${entry.trim()}\r\n`).join("");
}
