/** What a simulated phone does: calls of all endings, messages, subscriptions. Each returns why it failed, if it did. */
import { header } from "../../bench/load/sip_answer.ts";
import { pause } from "../../support/pause.ts";
import type { Manner } from "./called_party.ts";
import { insist } from "./insist.ts";
import { branchOf, newBranch, type RequestParts, routeLines, uriIn } from "./request_text.ts";
import { type Failure, failureOf, newCallId, type SoakPhone } from "./soak_phone.ts";

export interface CallOptions {
  /** The Request-URI. */
  readonly to: string;
  readonly manner: Manner;
  /** Milliseconds from the answer to the BYE. */
  readonly talkMs?: number;
}

const OFFER = [
  "v=0",
  "o=soak 53655765 2353687637 IN IP4 127.0.0.1",
  "s=-",
  "c=IN IP4 127.0.0.1",
  "t=0 0",
  "m=audio 40000 RTP/AVP 0 8",
  "a=rtpmap:0 PCMU/8000",
  "a=rtpmap:8 PCMA/8000",
  "",
].join("\r\n");

/** INVITE 407 ACK INVITE 180 200 ACK (talk) BYE 200. */
export async function call(phone: SoakPhone, { to, talkMs = 200 }: CallOptions): Promise<Failure> {
  const invite = inviteOf(phone, to, "answer");
  const reply = await phone.authenticated(invite);
  if (reply.status !== 200) return failureOf("INVITE", reply, 200);
  const cseq = parseInt(header(reply.text, "CSeq"));
  const dialog = {
    uri: uriIn(header(reply.text, "Contact")),
    to: header(reply.text, "To"),
    callId: invite.callId,
    lines: routeLines(reply.text, "reversed"),
  };
  phone.agent.acknowledge(phone.own({ ...dialog, method: "ACK", cseq }), branchOf(reply.text));
  await pause(talkMs);
  return await hangUp(phone, { ...dialog, method: "BYE", cseq: cseq + 1 });
}

/** Hangs up, and insists when the server is away, so that nobody keeps a call that is over. */
async function hangUp(phone: SoakPhone, bye: Omit<RequestParts, "from">): Promise<Failure> {
  const first = await phone.request(bye);
  insist(phone.agent, phone.own(bye), first.status);
  return failureOf("BYE", first, 200);
}

/** INVITE 180 486. */
export async function beRefused(phone: SoakPhone, { to }: CallOptions): Promise<Failure> {
  return failureOf("INVITE", await phone.authenticated(inviteOf(phone, to, "refuse")), 486);
}

/** INVITE 480, since nobody is there. */
export async function findNobody(phone: SoakPhone, { to }: CallOptions): Promise<Failure> {
  return failureOf("INVITE", await phone.authenticated(inviteOf(phone, to, "answer")), 480);
}

/** INVITE 180 CANCEL 200 487. */
export async function cancel(phone: SoakPhone, { to, talkMs = 200 }: CallOptions): Promise<Failure> {
  const branch = newBranch();
  const invite = { ...inviteOf(phone, to, "ring"), branch };
  let cancelled: Promise<Failure> | undefined;
  const reply = await phone.authenticated(invite, {
    onProvisional: () => {
      const cseq = invite.cseq + 1;
      cancelled ??= pause(talkMs)
        .then(() =>
          phone.request({ ...invite, method: "CANCEL", cseq, branch: `${branch}a`, lines: "", body: "" })
        )
        .then((canceled) => failureOf("CANCEL", canceled, 200));
    },
  });
  return failureOf("INVITE", reply, 487) ?? await cancelled;
}

/** MESSAGE 407 MESSAGE 200. */
export async function write(phone: SoakPhone, { to }: Pick<CallOptions, "to">): Promise<Failure> {
  const reply = await phone.authenticated({
    ...requestTo(to, "MESSAGE"),
    lines: "Content-Type: text/plain\r\n",
    body: "The soak says hello.",
  });
  return failureOf("MESSAGE", reply, 200);
}

/** SUBSCRIBE 200 NOTIFY 200, and the end of the subscription in its dialog. */
export async function subscribe(
  phone: SoakPhone,
  { to, talkMs = 200 }: Omit<CallOptions, "manner">,
): Promise<Failure> {
  const event = `Event: presence\r\nContact: ${phone.contact}\r\n`;
  const request = { ...requestTo(to, "SUBSCRIBE"), lines: `${event}Expires: 20\r\n` };
  const reply = await phone.authenticated(request);
  if (reply.status !== 200) return failureOf("SUBSCRIBE", reply, 200);
  await pause(talkMs);
  const end = {
    ...request,
    uri: uriIn(header(reply.text, "Contact")),
    to: header(reply.text, "To"),
    cseq: parseInt(header(reply.text, "CSeq")) + 1,
    lines: `${routeLines(reply.text, "reversed")}${event}Expires: 0\r\n`,
  };
  return failureOf("SUBSCRIBE in its dialog", await phone.request(end), 200);
}

function inviteOf(phone: SoakPhone, to: string, manner: Manner): Omit<RequestParts, "from"> {
  const lines = `Contact: ${phone.contact}\r\nSubject: ${manner}\r\nContent-Type: application/sdp\r\n`;
  return { ...requestTo(to, "INVITE"), lines, body: OFFER };
}

function requestTo(uri: string, method: string): Omit<RequestParts, "from"> {
  return { method, uri, to: `<${uri}>`, callId: newCallId(), cseq: 1 };
}
