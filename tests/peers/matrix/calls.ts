/** Whole calls between two phones, with everything asserted that the wire shows of the transports in between. */
import assert from "node:assert/strict";
import { domain } from "../../support/routr_process.ts";
import {
  ackTo,
  branchOf,
  cancelOf,
  fromCallee,
  fromCaller,
  header,
  headers,
  parameter,
  requestUri,
  uriIn,
} from "../../support/sip_text.ts";
import { nameOf } from "./way.ts";
import type { WirePhone } from "./wire_phone.ts";

/** A call that is up: the INVITE as the callee got it and the 200 as the caller got it. */
export interface Call {
  readonly caller: WirePhone;
  readonly callee: WirePhone;
  readonly invite: string;
  readonly ok: string;
}

/** INVITE, 180, 200, ACK. */
export async function establish(
  caller: WirePhone,
  callee: WirePhone,
  uri = `sip:${callee.username}@${domain}`,
): Promise<Call> {
  const sent = await caller.invite(uri);
  const invite = await callee.expect("INVITE");
  assertForwarded(invite, caller, callee);
  assertRecordRoute(invite, caller, callee);
  await callee.answer(invite, "180 Ringing");
  assertReturned(await caller.expect("180"), sent, caller);
  await callee.answer(invite, "200 OK");
  const ok = await caller.expect("200");
  assertReturned(ok, sent, caller);
  assert.deepEqual(headers(ok, "Record-Route"), headers(invite, "Record-Route"));
  await caller.send(fromCaller("ACK", { invite: sent, ok }));
  const ack = await callee.expect("ACK");
  assertForwarded(ack, caller, callee);
  assert.equal(headers(ack, "Record-Route").length, 0);
  return { caller, callee, invite, ok };
}

/** The callee changes the session; then the caller hangs up. */
export async function callEndedByCaller(caller: WirePhone, callee: WirePhone): Promise<void> {
  const call = await establish(caller, callee);
  const sent = await callee.send(`${fromCallee("INVITE", call)}\nContact: <${callee.contact}>`);
  await callee.expect("100");
  const reinvite = await caller.expect("INVITE");
  assertForwarded(reinvite, callee, caller);
  await caller.answer(reinvite, "200 OK");
  const ok = await callee.expect("200");
  assertReturned(ok, sent, callee);
  await callee.send(fromCallee("ACK", call));
  assertForwarded(await caller.expect("ACK"), callee, caller);
  await hangUp(call, "caller");
}

export async function callEndedByCallee(caller: WirePhone, callee: WirePhone): Promise<void> {
  await hangUp(await establish(caller, callee), "callee");
}

/** The caller gives up while it rings. */
export async function callCancelled(caller: WirePhone, callee: WirePhone): Promise<void> {
  const sent = await caller.invite(`sip:${callee.username}@${domain}`);
  const invite = await callee.expect("INVITE");
  await callee.answer(invite, "180 Ringing");
  await caller.expect("180");
  await caller.sendAsIs(cancelOf(sent));
  assertReturned(await caller.expect("200"), sent, caller);
  const cancel = await callee.expect("CANCEL");
  // It has to find the INVITE: one Via, the same branch, the same Request-URI (§9.1).
  assert.deepEqual(headers(cancel, "Via"), headers(invite, "Via").slice(0, 1));
  assert.equal(requestUri(cancel), requestUri(invite));
  await callee.answer(cancel, "200 OK");
  await callee.answer(invite, "487 Request Terminated");
  const ack = await callee.expect("ACK");
  assert.equal(branchOf(ack), branchOf(invite));
  const terminated = await caller.expect("487");
  assertReturned(terminated, sent, caller);
  await caller.sendAsIs(ackTo(sent, terminated));
}

/** BYE from one side, 200 from the other. */
export async function hangUp(call: Call, side: "caller" | "callee"): Promise<void> {
  const [from, to] = side === "caller" ? [call.caller, call.callee] : [call.callee, call.caller];
  await from.send(side === "caller" ? fromCaller("BYE", { ...call, cseq: 100 }) : fromCallee("BYE", call));
  const bye = await to.expect("BYE");
  assertForwarded(bye, from, to);
  await to.answer(bye, "200 OK");
  await from.expect("200");
}

/** A request as it reaches a phone: its Contact, our Via for its way, and below it the sender's with its source. */
function assertForwarded(request: string, from: WirePhone, to: WirePhone): void {
  assert.equal(requestUri(request), to.contact);
  assert.deepEqual(headers(request, "Route"), []);
  const vias = headers(request, "Via");
  assert.equal(vias.length, 2, request);
  const { address, port } = to.server;
  assert.equal(
    vias[0].split(";")[0],
    `SIP/2.0/${to.way.protocol.toUpperCase()} ${address}:${port}`,
  );
  assertSource(vias[1], from);
}

/** A response as it comes back: one Via, the phone's own with its source. */
function assertReturned(response: string, request: string, phone: WirePhone): void {
  const vias = headers(response, "Via");
  assert.equal(vias.length, 1, response);
  assert.equal(parameter(vias[0], "branch"), branchOf(request));
  assertSource(vias[0], phone);
}

/** A phone's Via with `received` and `rport` filled in (RFC 3581 §4). */
function assertSource(via: string, { way, sentBy, local }: WirePhone): void {
  assert.equal(via.split(";")[0], `SIP/2.0/${way.protocol.toUpperCase()} ${sentBy}`);
  assert.equal(parameter(via, "received"), local.address.replaceAll(/[[\]]/g, ""), via);
  assert.equal(parameter(via, "rport"), String(local.port), via);
}

/** Two entries where the sides differ, one for each (RFC 5658 §4); both under the scheme of the Request-URI. */
function assertRecordRoute(invite: string, caller: WirePhone, callee: WirePhone): void {
  const entries = headers(invite, "Record-Route");
  const isSameSide = nameOf(caller.way) === nameOf(callee.way);
  assert.equal(entries.length, isSameSide ? 1 : 2, entries.join("\n"));
  callee.assertLeadsHere(entries[0]);
  caller.assertLeadsHere(entries[entries.length - 1]);
  const scheme = /^sips?:/.exec(requestUri(invite))?.[0];
  for (const entry of entries) assert.equal(uriIn(entry).slice(0, scheme?.length), scheme);
  assert.equal(header(invite, "Max-Forwards"), "69");
}
