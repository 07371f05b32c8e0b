/** A call of a desk phone: its dialog (§12), and what people do with it. */
import { domain } from "../../support/routr_process.ts";
import {
  bodyOf,
  branchOf,
  cancelOf,
  complete,
  header,
  headers,
  methodOf,
  responseTo,
  sip,
  startLine,
  tagOf,
  uriIn,
} from "../../support/sip_text.ts";
import type { DeskPhone } from "./desk_phone.ts";
import { type Arrival, type Endpoint, endpointOf, token } from "./sip_socket.ts";

const T1_MS = 500;
const T2_MS = 4_000;
const TRANSFER_PATIENCE_MS = 16_000;

interface Dialog {
  readonly callId: string;
  /** From of what this side sends. */
  readonly local: string;
  /** To of what this side sends; it gets its tag with the response that makes the dialog. */
  remote: string;
  routes: readonly string[];
  target: string;
  cseq: number;
}

type Change = "held" | "resumed";

export class DeskCall {
  readonly #phone: DeskPhone;
  readonly #dialog: Dialog;
  readonly #ringing = Promise.withResolvers<void>();
  readonly #confirmed = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #transferred = Promise.withResolvers<string>();
  #changed = Promise.withResolvers<Change>();
  #onAck: () => void = () => this.#confirmed.resolve();
  /** The last INVITE of either side. */
  #invite: string | undefined;
  #arrival: Arrival | undefined;
  #ack: { text: string; to: Endpoint } | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isOver = false;

  private constructor(phone: DeskPhone, dialog: Dialog) {
    this.#phone = phone;
    this.#dialog = dialog;
  }

  static outgoing(phone: DeskPhone, uri: string): DeskCall {
    return new DeskCall(phone, {
      callId: token(),
      local: `<sip:${phone.user}@${domain}>;tag=${token()}`,
      remote: `<${uri}>`,
      routes: [],
      target: uri,
      cseq: 1,
    });
  }

  static incoming(phone: DeskPhone, arrival: Arrival): DeskCall {
    const { request } = arrival;
    const call = new DeskCall(phone, {
      callId: header(request, "Call-ID"),
      local: `${header(request, "To")};tag=${token()}`,
      remote: header(request, "From"),
      routes: routesIn(request),
      target: uriIn(header(request, "Contact")),
      cseq: 1,
    });
    call.#invite = request;
    call.#arrival = arrival;
    arrival.answer("180 Ringing", { tag: tagOf(call.#dialog.local), lines: call.#contactLine });
    return call;
  }

  /** The URI in the From or To of the other side. */
  get remoteParty(): string {
    return uriIn(this.#dialog.remote);
  }

  /** Reports whether a message belongs to this call. */
  has(message: string): boolean {
    const { callId, local } = this.#dialog;
    if (header(message, "Call-ID") !== callId) return false;
    if (message.startsWith("SIP/2.0 ")) return tagOf(header(message, "From")) === tagOf(local);
    const own = tagOf(header(message, "To"));
    // The INVITE that began it, once more, or its CANCEL.
    if (own === "") return this.#invite !== undefined && branchOf(message) === branchOf(this.#invite);
    return own === tagOf(local);
  }

  /** Reports whether Replaces with these values means this call (RFC 3891 §3). */
  isNamedBy(replaces: { callId: string; toTag: string; fromTag: string }): boolean {
    const { callId, local, remote } = this.#dialog;
    return replaces.callId === callId && replaces.toTag === tagOf(local) &&
      replaces.fromTag === tagOf(remote);
  }

  /** Sends the INVITE; resolves when it is answered, and acknowledged. */
  async start(lines: readonly string[]): Promise<void> {
    const { callId, local, remote, target, cseq } = this.#dialog;
    const response = await this.#phone.requestOutside([
      `INVITE ${target} SIP/2.0`,
      `From: ${local}`,
      `To: ${remote}`,
      `Call-ID: ${callId}`,
      `CSeq: ${cseq} INVITE`,
      this.#contactLine,
      SDP_LINE,
      ...lines,
    ], {
      body: session("sendrecv"),
      onSent: (request) => this.#invite = request,
      onProvisional: (provisional) => provisional.startsWith("SIP/2.0 18") && this.#ringing.resolve(),
    });
    if (!response.startsWith("SIP/2.0 2")) throw this.#phone.failure(`its call got ${startLine(response)}`);
    this.#dialog.remote = header(response, "To");
    this.#dialog.routes = routesIn(response).reverse();
    this.#dialog.target = uriIn(header(response, "Contact"));
    this.#dialog.cseq = parseInt(header(response, "CSeq"));
    this.#acknowledge(this.#dialog.cseq);
  }

  /** Resolves when the phone of the other side rings. */
  async rings(): Promise<void> {
    await this.#phone.wait(this.#ringing.promise, "it heard no ringing");
  }

  /** Gives up a call that rings. */
  cancel(): void {
    this.#phone.send(cancelOf(this.#invite!));
  }

  /** Answers an incoming call; the 200 is repeated until the ACK comes (§13.3.1.4). */
  accept(): void {
    if (!this.#isOver) this.#answerInvite(this.#arrival!);
  }

  acceptAfter(milliseconds: number): void {
    this.#timer = setTimeout(() => this.accept(), milliseconds);
  }

  refuse(status: string): void {
    this.abandon();
    this.#arrival!.answer(status, { tag: tagOf(this.#dialog.local) });
  }

  /** Resolves when the ACK for the answer has come. */
  async isConfirmed(): Promise<void> {
    await this.#phone.wait(this.#confirmed.promise, "the ACK for its 200 did not come");
  }

  /** Resolves when the other side has ended the call. */
  async isEnded(): Promise<void> {
    await this.#phone.wait(this.#ended.promise, "the other side did not end its call");
  }

  /** Resolves when the other side has held the call or taken it back, and acknowledged the answer. */
  async is(change: Change): Promise<void> {
    const came = await this.#phone.wait(this.#changed.promise, `its call was not ${change}`);
    this.#changed = Promise.withResolvers();
    if (came !== change) throw this.#phone.failure(`its call should have been ${change}, but was ${came}`);
  }

  hold(): Promise<void> {
    return this.#change("sendonly");
  }

  resume(): Promise<void> {
    return this.#change("sendrecv");
  }

  async hangUp(): Promise<void> {
    this.abandon();
    this.#expectStatus("200", await this.#request("BYE"));
  }

  /** Asks the other side to call a URI in place of this call (RFC 3515); resolves when it says that it talks. */
  async transfer(referTo: string): Promise<void> {
    this.#expectStatus("202", await this.#request("REFER", [`Refer-To: <${referTo}>`]));
    const result = this.#transferred.promise;
    const status = await this.#phone.wait(result, "the transfer is not over", TRANSFER_PATIENCE_MS);
    if (!status.startsWith("SIP/2.0 200")) throw this.#phone.failure(`the transfer ended with ${status}`);
  }

  /** Joins the other sides of this call and another one (RFC 5589 §7). */
  transferTo(other: DeskCall): Promise<void> {
    const { callId, local, remote, target } = other.#dialog;
    const replaces = `${callId};to-tag=${tagOf(remote)};from-tag=${tagOf(local)}`;
    return this.transfer(`${target}?Replaces=${encodeURIComponent(replaces)}`);
  }

  /** Sends the last ACK again, for an answer that came again. */
  acknowledgeAgain(): void {
    if (this.#ack) this.#phone.send(this.#ack.text, this.#ack.to);
  }

  /** Takes a request of this call. */
  take(arrival: Arrival): void {
    const { request, answer } = arrival;
    switch (methodOf(request)) {
      case "INVITE":
        if (branchOf(request) !== branchOf(this.#invite!)) this.#takeChange(arrival);
        return;
      case "ACK":
        if (parseInt(header(request, "CSeq")) !== parseInt(header(this.#invite!, "CSeq"))) return;
        clearTimeout(this.#timer);
        this.#onAck();
        this.#onAck = () => {}; // it comes again when the 200 does
        return;
      case "CANCEL":
        answer("200 OK");
        this.#phone.send(
          responseTo(this.#invite!, "487 Request Terminated", { tag: tagOf(this.#dialog.local) }),
        );
        return this.#end();
      case "BYE":
        answer("200 OK");
        return this.#end();
      case "REFER":
        answer("202 Accepted", { lines: this.#contactLine });
        return void this.#follow(uriIn(header(request, "Refer-To")));
      case "NOTIFY":
        answer("200 OK");
        if (!bodyOf(request).startsWith("SIP/2.0 1")) this.#transferred.resolve(bodyOf(request).trim());
        return;
      default:
        answer("501 Not Implemented");
    }
  }

  /** Stops repeating anything. */
  abandon(): void {
    clearTimeout(this.#timer);
    this.#isOver = true;
  }

  get #contactLine(): string {
    return `Contact: <${this.#phone.contact}>`;
  }

  /** The first of the route set, else the remote target: there is nobody else to ask (§12.2.1.1). */
  get #nextHop(): Endpoint {
    const { routes, target } = this.#dialog;
    return endpointOf(routes.length > 0 ? uriIn(routes[0]) : target);
  }

  #end(): void {
    this.abandon();
    this.#ended.resolve();
  }

  #takeChange(arrival: Arrival): void {
    const { request } = arrival;
    this.#dialog.target = uriIn(header(request, "Contact"));
    const change = /^a=(sendonly|inactive)/m.test(bodyOf(request)) ? "held" : "resumed";
    this.#invite = request;
    this.#onAck = () => this.#changed.resolve(change);
    this.#answerInvite(arrival);
  }

  #answerInvite({ answer, from }: Arrival): void {
    const lines = `${this.#contactLine}\n${SDP_LINE}`;
    const ok = answer("200 OK", { tag: tagOf(this.#dialog.local), lines, body: session("sendrecv") });
    let intervalMs = T1_MS;
    const repeat = () => {
      this.#phone.send(ok, from);
      intervalMs = Math.min(intervalMs * 2, T2_MS);
      this.#timer = setTimeout(repeat, intervalMs);
    };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(repeat, intervalMs);
  }

  async #change(direction: "sendonly" | "sendrecv"): Promise<void> {
    const response = await this.#request("INVITE", [this.#contactLine, SDP_LINE], session(direction));
    this.#expectStatus("200", response);
    this.#acknowledge(parseInt(header(response, "CSeq")));
  }

  /** Calls whom the other side names, and tells it how that went. */
  async #follow(referTo: string): Promise<void> {
    const [uri, replaces] = referTo.split("?Replaces=");
    const headers = ["Event: refer", "Subscription-State: active", this.#contactLine];
    const notify = (status: string) => this.#request("NOTIFY", headers, `${status}\r\n`).catch(() => {});
    await notify("SIP/2.0 100 Trying");
    const result = await this.#phone
      .invite(uri, replaces ? [`Replaces: ${decodeURIComponent(replaces)}`] : [])
      .then(() => "SIP/2.0 200 OK", (error: Error) => `SIP/2.0 503 ${error.message.split("\n")[0]}`);
    await notify(result);
  }

  async #request(method: string, lines: readonly string[] = [], body = ""): Promise<string> {
    const text = this.#linesOf(method, ++this.#dialog.cseq, lines);
    const response = await this.#phone.request(text, { body, to: this.#nextHop });
    this.#dialog.cseq = parseInt(header(response, "CSeq"));
    return response;
  }

  #expectStatus(wanted: string, response: string): void {
    if (response.startsWith(`SIP/2.0 ${wanted}`)) return;
    throw this.#phone.failure(`its ${header(response, "CSeq")} got ${startLine(response)}`);
  }

  #acknowledge(cseq: number): void {
    const ack = sip(this.#linesOf("ACK", cseq).join("\n"));
    const text = complete(ack, [this.#phone.newVia(), "Max-Forwards: 70", "Content-Length: 0"]);
    this.#ack = { text, to: this.#nextHop };
    this.acknowledgeAgain();
  }

  #linesOf(method: string, cseq: number, lines: readonly string[] = []): string[] {
    const { callId, local, remote, routes, target } = this.#dialog;
    return [
      `${method} ${target} SIP/2.0`,
      ...routes.map((route) => `Route: ${route}`),
      `From: ${local}`,
      `To: ${remote}`,
      `Call-ID: ${callId}`,
      `CSeq: ${cseq} ${method}`,
      ...lines,
    ];
  }
}

/** The call that Replaces of an INVITE names. */
export function replacedIn(invite: string, calls: readonly DeskCall[]): DeskCall | undefined {
  const [value] = headers(invite, "Replaces");
  if (value === undefined) return undefined;
  const callId = value.split(";")[0].trim();
  const toTag = /;\s*to-tag=([^;]*)/.exec(value)?.[1] ?? "";
  const fromTag = /;\s*from-tag=([^;]*)/.exec(value)?.[1] ?? "";
  return calls.find((call) => call.isNamedBy({ callId, toTag, fromTag }));
}

/** Record-Route, also where several entries stand in one line. */
function routesIn(message: string): string[] {
  return headers(message, "Record-Route").flatMap((value) => value.split(/,\s*(?=<)/));
}

const SDP_LINE = "Content-Type: application/sdp";

/** A session at an address of the documentation: nobody listens to these calls. */
function session(direction: "sendrecv" | "sendonly"): string {
  const lines = [
    "v=0",
    "o=- 1 1 IN IP4 192.0.2.99",
    "s=-",
    "c=IN IP4 192.0.2.99",
    "t=0 0",
    "m=audio 4000 RTP/AVP 0",
    `a=${direction}`,
  ];
  return `${lines.join("\r\n")}\r\n`;
}
