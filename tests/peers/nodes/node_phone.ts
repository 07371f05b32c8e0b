// Phones at one of several servers, as text on sockets; a server that they did not register at may call them directly.

import assert from "node:assert/strict";
import {
  bytesOf,
  closeOnce,
  type Endpoint,
  endpointOf,
  type Peer,
  socketHost,
  textOf,
} from "../../contract/transport_peers.ts";
import { domain } from "../../support/routr_process.ts";
import {
  ackTo,
  branchOf,
  cancelOf,
  complete,
  fromCallee,
  fromCaller,
  headers,
  sip,
  uriIn,
  withCredentials,
} from "../../support/sip_text.ts";
import type { Call } from "../matrix/calls.ts";
import type { Protocol } from "../matrix/way.ts";
import { WirePhone } from "../matrix/wire_phone.ts";
import type { RoutrNode } from "./routr_node.ts";
import { until } from "./until.ts";

export interface NodePhoneOptions {
  readonly user: string;
  readonly protocol: Protocol;
  /** `host:port` that it takes for its own, behind NAT. */
  readonly sentBy?: string;
}

/** A phone with a conversation with this node, not registered yet. */
export function phoneAt(node: RoutrNode, { user, protocol, sentBy }: NodePhoneOptions): Promise<WirePhone> {
  const way = { protocol, address: "127.0.0.1" } as const;
  const options = { user, way, sentBy };
  if (protocol !== "udp" || sentBy !== undefined) return WirePhone.connect(node, options);
  const server = node.endpointOf(way);
  return Promise.resolve(WirePhone.accepted(new RoutedUdpPeer(server), server, options));
}

/** Returns a registered phone. */
export async function registeredAt(node: RoutrNode, options: NodePhoneOptions): Promise<WirePhone> {
  const phone = await phoneAt(node, options);
  await phone.register();
  return phone;
}

/** A UDP socket whose messages go where they say: responses by Via, requests by Route, others to its server. */
class RoutedUdpPeer implements Peer {
  readonly address: string;
  readonly port: number;
  readonly #socket: Deno.DatagramConn;
  readonly #server: Endpoint;

  constructor(server: Endpoint) {
    this.#server = server;
    this.#socket = Deno.listenDatagram({
      transport: "udp",
      hostname: socketHost(server.address),
      port: 0,
    });
    ({ address: this.address, port: this.port } = endpointOf(this.#socket.addr));
  }

  async write(text: string): Promise<void> {
    const { address, port } = placeNamed(text) ?? this.#server;
    await this.#socket.send(bytesOf(text), { transport: "udp", hostname: socketHost(address), port });
  }

  async readMessage(): Promise<string> {
    const [bytes] = await this.#socket.receive();
    return textOf(bytes);
  }

  close(): void {
    closeOnce(this.#socket);
  }
}

function placeNamed(message: string): Endpoint | undefined {
  const isResponse = message.startsWith("SIP/2.0 ");
  const [value] = headers(message, isResponse ? "Via" : "Route");
  const pattern = isResponse ? /^SIP\/2\.0\/UDP ([\d.]+):(\d+)/ : /^<sip:(?:[^@>]*@)?([\d.]+):(\d+)/;
  const match = value === undefined ? null : pattern.exec(value);
  return match ? { address: match[1], port: Number(match[2]) } : undefined;
}

export function addressOf(user: string): string {
  return `sip:${user}@${domain}`;
}

/**
 * INVITE, 180, 200, ACK. `hops` is how many servers the INVITE has passed when it arrives: all of them stay in the path
 * and write a Via.
 */
export async function establish(caller: WirePhone, callee: WirePhone, hops: number): Promise<Call> {
  const sent = await caller.invite(addressOf(callee.username));
  const invite = await callee.expect("INVITE");
  assert.equal(headers(invite, "Via").length, hops + 1, invite);
  assert.deepEqual(headers(invite, "Route"), []);
  await callee.answer(invite, "180 Ringing");
  await caller.expect("180");
  await callee.answer(invite, "200 OK");
  const ok = await caller.expect("200");
  await sendWithin(caller, fromCaller("ACK", { invite: sent, ok }));
  await callee.expect("ACK");
  return { caller, callee, invite, ok };
}

/** The callee changes the session, holding the call: an INVITE within the dialog. */
export async function change(call: Call, cseq = 1): Promise<void> {
  const { caller, callee } = call;
  await sendWithin(callee, `${fromCallee("INVITE", { ...call, cseq })}\nContact: <${callee.contact}>`);
  await callee.expect("100");
  const reinvite = await caller.expect("INVITE");
  await caller.answer(reinvite, "200 OK");
  await callee.expect("200");
  await sendWithin(callee, fromCallee("ACK", { ...call, cseq }));
  await caller.expect("ACK");
}

/** BYE from one side, 200 from the other. */
export async function hangUp(call: Call, side: "caller" | "callee"): Promise<void> {
  const [from, to] = side === "caller" ? [call.caller, call.callee] : [call.callee, call.caller];
  const cseq = 100;
  const bye = side === "caller" ? fromCaller("BYE", { ...call, cseq }) : fromCallee("BYE", { ...call, cseq });
  await sendWithin(from, bye);
  await to.answer(await to.expect("BYE"), "200 OK");
  await from.expect("200");
}

/** The caller gives up while it rings. */
export async function cancel(caller: WirePhone, callee: WirePhone): Promise<void> {
  const sent = await caller.invite(addressOf(callee.username));
  const invite = await callee.expect("INVITE");
  await callee.answer(invite, "180 Ringing");
  await caller.expect("180");
  await caller.sendAsIs(cancelOf(sent));
  await caller.expect("200");
  await expectCancelled(callee, invite);
  await caller.sendAsIs(ackTo(sent, await caller.expect("487")));
}

/** CANCEL, its 200, 487 and ACK, as the phone that is called sees it. */
export async function expectCancelled(callee: WirePhone, invite: string): Promise<void> {
  const cancelled = await callee.expect("CANCEL");
  assert.equal(branchOf(cancelled), branchOf(invite));
  await callee.answer(cancelled, "200 OK");
  await callee.answer(invite, "487 Request Terminated");
  assert.equal(branchOf(await callee.expect("ACK")), branchOf(invite));
}

/** The callee is busy. */
export async function refuse(caller: WirePhone, callee: WirePhone, hops: number): Promise<void> {
  const sent = await caller.invite(addressOf(callee.username));
  const invite = await callee.expect("INVITE");
  assert.equal(headers(invite, "Via").length, hops + 1, invite);
  await callee.answer(invite, "486 Busy Here");
  await callee.expect("ACK");
  await caller.sendAsIs(ackTo(sent, await caller.expect("486")));
}

/** An authenticated INVITE that nobody's phone gets: its final answer, which comes at once. */
export async function unanswered(caller: WirePhone, user: string): Promise<string> {
  const sent = await caller.sendAuthenticated(
    `INVITE ${addressOf(user)} SIP/2.0\nContact: <${caller.contact}>`,
  );
  let response = await caller.expect("");
  if (response.startsWith("SIP/2.0 100")) response = await caller.expect("");
  await caller.sendAsIs(ackTo(sent, response));
  return response;
}

/** The answer to a REGISTER with credentials, or without when none are asked for. */
export async function tryRegister(phone: WirePhone): Promise<string> {
  const request = await phone.send(`REGISTER sip:${domain} SIP/2.0\nContact: <${phone.contact}>`);
  const answer = await phone.expect("");
  if (!answer.startsWith("SIP/2.0 401")) return answer;
  await phone.sendAsIs(withCredentials(request, answer, phone));
  return await phone.expect("");
}

/** The Contacts of a user that a node knows, sorted. */
export async function contactsAt(node: RoutrNode, user: string): Promise<string[]> {
  await using phone = await phoneAt(node, { user, protocol: "udp" });
  return contactsIn(await phone.register(""));
}

/** Resolves when a node knows these phones. */
export async function known(node: RoutrNode, ...phones: readonly WirePhone[]): Promise<void> {
  for (const { username, contact } of phones) {
    await until(async () => (await contactsAt(node, username)).includes(contact));
  }
}

/** The Contacts that a 200 for REGISTER lists, sorted. */
export function contactsIn(ok: string): string[] {
  return headers(ok, "Contact").map(uriIn).sort();
}

/** Sends a request by its Route, wherever that leads. */
export async function sendWithin(phone: WirePhone, text: string): Promise<string> {
  const via = `SIP/2.0/${phone.way.protocol.toUpperCase()} ${phone.sentBy}`;
  const branch = `z9hG4bK${crypto.randomUUID().slice(-12)}`;
  const request = complete(sip(text), [
    `Via: ${via};branch=${branch};rport`,
    "Max-Forwards: 70",
    "Content-Length: 0",
  ]);
  return await phone.sendAsIs(request);
}
