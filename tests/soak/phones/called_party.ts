/** The answering side of a phone or provider: takes calls as their Subject says, messages, and subscriptions. */
import { header } from "../../bench/load/sip_answer.ts";
import { insist } from "./insist.ts";
import { branchOf, type RequestParts, responseText, routeLines, tagOf, uriIn } from "./request_text.ts";
import type { UserAgent } from "./user_agent.ts";

/** How a call is taken; the caller writes it into Subject. */
export type Manner = "answer" | "refuse" | "ring";

interface IncomingCall {
  readonly invite: string;
  readonly ok: string;
  isAcknowledged: boolean;
  timer: ReturnType<typeof setTimeout> | undefined;
}

interface RingingCall {
  readonly invite: string;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** Milliseconds that a phone rings before it is taken, and when nobody takes it. */
const RING_MS = 60;
const LONG_RING_MS = 45_000;
const T1_MS = 500;
const T2_MS = 4_000;
const TIMER_H_MS = 64 * T1_MS;

export class CalledParty {
  readonly #agent: UserAgent;
  readonly #contact: () => string;
  readonly #tag = crypto.randomUUID().slice(0, 8);
  /** Answered calls by Call-ID. */
  readonly #calls = new Map<string, IncomingCall>();
  /** INVITE requests that ring, by branch. */
  readonly #ringing = new Map<string, RingingCall>();

  /** @param contact the value of Contact */
  constructor(agent: UserAgent, contact: () => string) {
    this.#agent = agent;
    this.#contact = contact;
    agent.onRequest = (request) => this.handle(request);
    agent.onAck = (request) => this.#acknowledged(request);
  }

  /** Calls that were answered here and are not over. */
  get calls(): number {
    return this.#calls.size;
  }

  handle(request: string): void {
    switch (request.slice(0, request.indexOf(" "))) {
      case "INVITE":
        return this.#invited(request);
      case "CANCEL":
        return this.#cancelled(request);
      case "BYE":
        return this.#hungUp(request);
      case "SUBSCRIBE":
        return this.#subscribed(request);
      default:
        return this.#respond(request, "200 OK");
    }
  }

  #invited(invite: string): void {
    const manner = header(invite, "Subject") as Manner;
    this.#respond(invite, "180 Ringing");
    const timer = setTimeout(() => {
      this.#ringing.delete(branchOf(invite));
      if (manner === "answer") this.#accept(invite);
      else this.#respond(invite, manner === "refuse" ? "486 Busy Here" : "480 Temporarily Unavailable");
    }, manner === "ring" ? LONG_RING_MS : RING_MS);
    this.#ringing.set(branchOf(invite), { invite, timer });
  }

  #accept(invite: string): void {
    const lines = `Contact: ${this.#contact()}\r\nContent-Type: application/sdp\r\n`;
    const ok = responseText(invite, { status: "200 OK", tag: this.#tag, lines, body: bodyOf(invite) });
    const call: IncomingCall = { invite, ok, isAcknowledged: false, timer: undefined };
    this.#calls.set(header(invite, "Call-ID"), call);
    this.#agent.respond(invite, ok);
    this.#awaitAck(call, T1_MS, performance.now() + TIMER_H_MS);
  }

  /** The answer is repeated until its ACK comes; without one the call is hung up (§13.3.1.4). */
  #awaitAck(call: IncomingCall, intervalMs: number, deadline: number): void {
    call.timer = setTimeout(() => {
      if (call.isAcknowledged) return;
      if (performance.now() > deadline) return void this.#hangUp(call);
      this.#agent.send(call.ok);
      this.#awaitAck(call, Math.min(T2_MS, intervalMs * 2), deadline);
    }, intervalMs);
  }

  #acknowledged(ack: string): void {
    const call = this.#calls.get(header(ack, "Call-ID"));
    if (!call) return;
    call.isAcknowledged = true;
    clearTimeout(call.timer);
  }

  #cancelled(cancel: string): void {
    this.#respond(cancel, "200 OK");
    const ringing = this.#ringing.get(branchOf(cancel));
    if (!ringing) return;
    clearTimeout(ringing.timer);
    this.#ringing.delete(branchOf(cancel));
    this.#respond(ringing.invite, "487 Request Terminated");
  }

  #hungUp(bye: string): void {
    const callId = header(bye, "Call-ID");
    const call = this.#calls.get(callId);
    this.#calls.delete(callId);
    if (call) clearTimeout(call.timer);
    this.#respond(bye, call ? "200 OK" : "481 Call/Transaction Does Not Exist");
  }

  async #hangUp(call: IncomingCall): Promise<void> {
    this.#calls.delete(header(call.invite, "Call-ID"));
    const bye = { ...this.#inDialogOf(call.invite), method: "BYE", cseq: 1 };
    await insist(this.#agent, bye, (await this.#agent.request(bye)).status);
  }

  #subscribed(request: string): void {
    const expires = parseInt(header(request, "Expires"));
    this.#respond(request, "200 OK", `Contact: ${this.#contact()}\r\nExpires: ${expires}\r\n`);
    const state = expires > 0 ? `active;expires=${expires}` : "terminated;reason=timeout";
    this.#agent.request({
      ...this.#inDialogOf(request),
      method: "NOTIFY",
      cseq: parseInt(header(request, "CSeq")),
      lines: `${routeLines(request, "as they are")}Event: ${header(request, "Event")}\r\n` +
        `Subscription-State: ${state}\r\nContact: ${this.#contact()}\r\n`,
    });
  }

  #inDialogOf(request: string): Omit<RequestParts, "method" | "cseq"> {
    const to = header(request, "To");
    return {
      uri: uriIn(header(request, "Contact")),
      from: tagOf(to) === "" ? `${to};tag=${this.#tag}` : to,
      to: header(request, "From"),
      callId: header(request, "Call-ID"),
      sentBy: sentByOf(this.#contact()),
      lines: routeLines(request, "as they are"),
    };
  }

  #respond(request: string, status: string, lines = `Contact: ${this.#contact()}\r\n`): void {
    this.#agent.respond(request, responseText(request, { status, tag: this.#tag, lines }));
  }
}

function bodyOf(message: string): string {
  return message.slice(message.indexOf("\r\n\r\n") + 4);
}

function sentByOf(contact: string): string {
  return /@([^;>]*)/.exec(contact)![1];
}
