/** Calls between devices of a domain, with all that may happen before and within a dialog. */
import { hole } from "../message/holes.ts";
import type { WireName } from "../world/lane.ts";
import { DialogSpray } from "./dialog_spray.ts";
import { register } from "./registrations.ts";
import { contactOf, SDP } from "./requests.ts";
import { MOSTLY, RARELY, type Story } from "./story.ts";

/** How a call is set up: who calls whom by which URI. */
export interface CallPlan {
  readonly caller: WireName;
  readonly callee: WireName;
  readonly uri: string;
  /** Values of From and To, tag of From included; usual ones unless said otherwise. */
  readonly from?: string;
  readonly isSigned: boolean;
  /** Further devices that ring. */
  readonly others?: readonly WireName[];
}

export function callStory(story: Story): void {
  const { lane, random } = story;
  const caller = random.one(["alice", "alice", "tcp", "ws", "peer"] as const);
  register(story, "bob");
  if (random.chance(0.3)) register(story, caller);
  const uri = random.chance(0.9) ? story.aorOf("bob") : `sip:${lane.did}@${lane.domain}`;
  call(story, { caller, callee: "bob", uri, isSigned: true });
}

/** A call to an agent with several devices, which ring together or one after the other. */
export function forkedCallStory(story: Story): void {
  const { random } = story;
  const devices = ["alice", "tcp", "ws"] as const;
  for (const device of devices) register(story, device, 0, random.one(["", ";q=1", ";q=0.5", ";q=0.1"]));
  const callee = random.one(devices);
  const others = devices.filter((device) => device !== callee);
  const caller = random.one(["bob", "peer"] as const);
  call(story, { caller, callee, uri: story.aorOf("alice"), isSigned: true, others });
}

/** Plays a call from its INVITE to its end. */
export function call(story: Story, plan: CallPlan): void {
  const { random } = story;
  const branch = story.branch();
  const invite = sendInvite(story, plan, branch);
  if (random.chance(0.2)) story.sendText(plan.caller, invite, 0.5);
  ring(story, plan);
  for (const device of plan.others ?? []) answerElsewhere(story, device);
  if (random.chance(0.08)) story.pass(random.one([1, 5, 21, 40, 190]));
  if (random.chance(0.2)) return cancel(story, plan, branch);
  if (random.chance(0.3)) return refuse(story, plan, branch);
  accept(story, plan);
  if (random.chance(0.03)) story.restart();
  new DialogSpray(story, plan).play();
  hangUp(story, plan);
}

function sendInvite(story: Story, plan: CallPlan, branch: string): string {
  const { lane, random } = story;
  const { caller, uri, from, isSigned } = plan;
  const rows = [
    `Contact: ${contactOf(lane, caller)}`,
    "Supported: 100rel, timer",
    ...random.chance(0.2)
      ? [`Privacy: ${random.one(["id", "header", "session", "user;id;critical", "none"])}`]
      : [],
    ...random.chance(0.1) ? [`P-Preferred-Identity: <${story.aorOf(caller)}>`] : [],
  ];
  const invite = story.request({
    method: "INVITE",
    uri,
    from: caller,
    caller: from,
    branch,
    rows,
    isSigned,
    body: random.chance(0.7) ? SDP : "",
  });
  story.sendText(caller, invite, RARELY);
  return invite;
}

/** Provisional responses, reliable ones, and the requests of an early dialog. */
function ring(story: Story, { callee, caller, uri, from }: CallPlan): void {
  const { lane, random } = story;
  const at = { at: callee, of: "INVITE", toTag: `;tag=${callee}` } as const;
  const contact = `Contact: ${contactOf(lane, callee)}`;
  for (let count = random.below(4); count > 0; count--) {
    const status = random.one([
      "100 Trying",
      "180 Ringing",
      "183 Progress",
      "199 Early Dialog",
      "182 Queued",
    ]);
    const rows = random.chance() ? ["Require: 100rel", `RSeq: ${count}`, contact] : [contact];
    const toTag = random.chance(0.2) ? `;tag=other${count}` : at.toTag;
    story.respond({ ...at, toTag, status, rows, body: random.chance(0.3) ? SDP : "" }, 0.6);
  }
  if (random.chance(0.7)) return;
  const routes = [`Route: ${hole(`all ${caller} 1xx/INVITE Record-Route`)}`, `RAck: 1 ${story.cseq} INVITE`];
  const method = random.one(["PRACK", "UPDATE"]);
  const dialog = { caller: from, callee: `<${uri}>;tag=${callee}`, rows: routes, isSigned: random.chance() };
  story.send({ method, uri: hole(`contact ${caller} 1xx/INVITE Contact`), from: caller, ...dialog }, 0.5);
  story.respond({ at: callee, of: method, status: "200 OK" }, 0.5);
}

/** Answers of a device that the call does not end at, or all the same. */
function answerElsewhere(story: Story, at: WireName): void {
  const { lane, random } = story;
  for (let count = random.below(3); count > 0; count--) {
    const status = random.one([
      "180 Ringing",
      "486 Busy",
      "603 Decline",
      "302 M",
      "401 U",
      "503 S",
      "200 OK",
      "487 T",
    ]);
    const rows = [`Contact: ${contactOf(lane, at)}`];
    story.respond({ at, of: "INVITE", status, toTag: `;tag=${at}`, rows }, 0.4);
  }
  if (random.chance(0.3)) story.respond({ at, of: "CANCEL", status: "200 OK" }, 0.4);
  if (random.chance(0.2)) story.pass(21);
}

function cancel(story: Story, { caller, callee, uri, from }: CallPlan, branch: string): void {
  const { random, cseq } = story;
  const sketch = { method: "CANCEL", uri, from: caller, caller: from, branch, cseq };
  for (let count = random.below(3); count > 0; count--) story.send(sketch, MOSTLY);
  story.send({ ...sketch, rows: ["Reason: SIP;cause=487"] }, RARELY);
  if (random.chance(0.5)) story.respond({ at: callee, of: "CANCEL", status: "200 OK" }, 0.5);
  const status = random.chance(0.8) ? "487 Request Terminated" : "200 OK";
  story.respond({ at: callee, of: "INVITE", toTag: `;tag=${callee}`, status }, RARELY);
  acknowledge(story, { caller, callee, uri, from, isSigned: false }, branch);
}

/** Refusals of every kind, several of them. */
function refuse(story: Story, plan: CallPlan, branch: string): void {
  const { random } = story;
  const at = { at: plan.callee, of: "INVITE", toTag: `;tag=${plan.callee}` } as const;
  const rows = [
    "Contact: <sip:elsewhere@127.88.0.1>, <sip:b@x.invalid>;q=0.1",
    'WWW-Authenticate: Digest realm="x",nonce="n",qop="auth"',
    'Proxy-Authenticate: Digest realm="x",nonce="n",algorithm=MD5',
    "Retry-After: 5",
    'Warning: 399 x "y"',
  ];
  for (let count = random.below(4); count > 0; count--) {
    const status = random.one([
      "302 Moved",
      "401 U",
      "407 P",
      "404 N",
      "486 Busy",
      "503 S",
      "600 B",
      "420 E",
      "491 P",
    ]);
    story.respond({ ...at, status, rows: random.some(rows) }, 0.7);
  }
  story.respond({ ...at, status: "486 Busy Here" }, 0);
  acknowledge(story, plan, branch);
}

function acknowledge(story: Story, { caller, callee, uri, from }: CallPlan, branch: string): void {
  const { cseq } = story;
  const ack = {
    method: "ACK",
    uri,
    from: caller,
    caller: from,
    callee: `<${uri}>;tag=${callee}`,
    branch,
    cseq,
  };
  story.send(ack, 0.4);
}

function accept(story: Story, { callee, caller, uri, from }: CallPlan): void {
  const { lane, random } = story;
  const at = { at: callee, of: "INVITE", toTag: `;tag=${callee}`, status: "200 OK", body: SDP } as const;
  const contact = `Contact: ${contactOf(lane, callee)}`;
  for (let count = random.below(3); count > 0; count--) story.respond({ ...at, rows: [contact] }, MOSTLY);
  story.respond({ ...at, rows: [contact] }, RARELY);
  const routes = [`Route: ${hole(`all ${caller} 2xx/INVITE Record-Route`)}`];
  const target = hole(`contact ${caller} 2xx/INVITE Contact`);
  const { cseq } = story;
  const to = `<${uri}>;tag=${callee}`;
  story.send(
    { method: "ACK", uri: target, from: caller, caller: from, callee: to, rows: routes, cseq },
    RARELY,
  );
}

function hangUp(story: Story, plan: CallPlan): void {
  const spray = new DialogSpray(story, plan);
  story.sendText(plan.caller, spray.byCaller("BYE"), RARELY);
  story.respond({ at: plan.callee, of: "BYE", status: "200 OK" }, 0.4);
  if (story.random.chance(0.5)) story.sendText(plan.callee, spray.byCallee("BYE"), 0.3);
}
