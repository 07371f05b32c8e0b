/** Branch rewrites: two gateways and a phone in one target set, each with a request of its own. */
import assert from "node:assert/strict";
import type { Authorization, BranchRewrite } from "../../src/core/proxy/branch_rewrite.ts";
import { CSeqShift } from "../../src/core/proxy/cseq_shift.ts";
import { PriorityTargets } from "../../src/core/proxy/target_set.ts";
import type { Target } from "../../src/core/proxy/target.ts";
import { Header } from "../../src/message/header_name.ts";
import { cseqOf, device, ProxyRig } from "../support/proxy_rig.ts";
import { ackTo, cancelOf, hasHeader, header, headers, tagOf } from "../support/sip_text.ts";

const FIRST = 21 as const;
const SECOND = 22 as const;
const PHONE = 11;
const TARGETS = [FIRST, SECOND, PHONE].map((host) => device(host, { isTrusted: host !== PHONE }));

/** Answers every challenge of the gateway at this host, and remembers the flows that it went on by. */
class Account {
  readonly accepted: string[] = [];
  /** Why it has no credentials. */
  refusal: string | undefined;
  readonly #host: number;

  constructor(host: number) {
    this.#host = host;
  }

  answer(_: unknown, { method, uri }: { method: string; uri: string }): Authorization {
    if (this.refusal !== undefined) return { kind: "refused", reason: this.refusal };
    return { kind: "granted", lines: `Proxy-Authorization: Digest of-${this.#host} ${method} ${uri}\r\n` };
  }

  onAccepted({ remoteAddress }: { remoteAddress: string }): void {
    this.accepted.push(remoteAddress);
  }
}

interface Trunks {
  readonly rig: ProxyRig;
  readonly accounts: Readonly<Record<typeof FIRST | typeof SECOND, Account>>;
}

async function started(targets: readonly Target[] = TARGETS): Promise<Trunks> {
  const accounts = { [FIRST]: new Account(FIRST), [SECOND]: new Account(SECOND) };
  const rewriteFor = ({ requestUri }: Target): BranchRewrite | undefined => {
    const host = [FIRST, SECOND].find((host) => requestUri.endsWith(`.${host}`));
    if (host === undefined) return undefined;
    return {
      from: `<sip:gw@192.0.2.${host}>;tag=1928301774`,
      shift: CSeqShift.from(7),
      removed: [Header.PPreferredIdentity, Header.PAssertedIdentity],
      added: `P-Asserted-Identity: <sip:+49${host}@192.0.2.${host}>\r\n`,
      challenged: accounts[host],
    };
  };
  const rig = await ProxyRig.start({ targets: () => new PriorityTargets(targets), rewriteFor });
  return { rig, accounts };
}

const IDENTITY = { "P-Preferred-Identity": "<sip:me@pbx.example>", "P-Asserted-Identity": "<sip:me@x>" };

/** Challenges the INVITE at a gateway, and returns the one that follows. */
async function challenged(rig: ProxyRig, invite: string, host: number): Promise<string> {
  await rig.respond(invite, "407 Proxy Authentication Required", host, {
    lines: `Proxy-Authenticate: Digest realm="gw${host}", nonce="n"`,
  });
  const [ack, again] = rig.taken(host);
  assert.match(ack, /^ACK /);
  assert.equal(cseqOf(ack), cseqOf(invite));
  return again;
}

/** A response has what the caller has sent. */
function expectOwn(response: string, invite: string): void {
  for (const name of ["From", "CSeq", "Call-ID", "Via"]) {
    assert.equal(header(response, name).replace(/;received=\S+/, ""), header(invite, name), name);
  }
  assert.equal(header(response, "To").replace(/;tag=.*/, ""), header(invite, "To"));
}

Deno.test("Each branch has its own From, CSeq and identity, and the phone has what the caller sent", async () => {
  const { rig } = await started();
  const invite = await rig.send({ headers: IDENTITY });
  for (const host of [FIRST, SECOND]) {
    const request = rig.takeOne(host);
    assert.equal(header(request, "From"), `<sip:gw@192.0.2.${host}>;tag=1928301774`);
    assert.deepEqual(headers(request, "P-Asserted-Identity"), [`<sip:+49${host}@192.0.2.${host}>`]);
    assert.ok(!hasHeader(request, "P-Preferred-Identity"));
    assert.equal(cseqOf(request), 7);
  }
  const toPhone = rig.takeOne(PHONE);
  assert.equal(header(toPhone, "From"), header(invite, "From"));
  assert.deepEqual(headers(toPhone, "P-Asserted-Identity"), []);
  assert.equal(header(toPhone, "CSeq"), "7 INVITE");
});

Deno.test("§22.2: each gateway's challenge is answered with its own credentials and its own next CSeq", async () => {
  const { rig, accounts } = await started();
  const invite = await rig.send();
  let [first, second] = [rig.takeOne(FIRST), rig.takeOne(SECOND)];
  const phone = rig.takeOne(PHONE);
  first = await challenged(rig, first, FIRST);
  assert.equal(
    header(first, "Proxy-Authorization"),
    "Digest of-21 INVITE sip:phone@192.0.2.21",
  );
  assert.equal(cseqOf(first), 8);
  first = await challenged(rig, first, FIRST);
  second = await challenged(rig, second, SECOND);
  assert.deepEqual([cseqOf(first), cseqOf(second)], [9, 8]);
  assert.equal(header(second, "Proxy-Authorization"), "Digest of-22 INVITE sip:phone@192.0.2.22");
  assert.deepEqual(await rig.heard(), [100]);

  await rig.respond(first, "180 Ringing", FIRST);
  await rig.respond(second, "183 Session Progress", SECOND);
  await rig.respond(phone, "180 Ringing", PHONE);
  const provisional = rig.taken(99);
  assert.deepEqual(provisional.map((text) => tagOf(header(text, "To"))), ["t21", "t22", "t11"]);
  for (const response of provisional) expectOwn(response, invite);
  assert.deepEqual(accounts[FIRST].accepted, ["192.0.2.21"]);

  await rig.respond(second, "200 OK", SECOND);
  const ok = rig.takeOne(99);
  expectOwn(ok, invite);
  const [cancel, cancelOfPhone] = [rig.takeOne(FIRST), rig.takeOne(PHONE)];
  assert.equal(header(cancel, "CSeq"), "9 CANCEL");
  assert.equal(header(cancel, "From"), header(first, "From"));
  assert.equal(header(cancelOfPhone, "CSeq"), "7 CANCEL");
  await rig.refuse(first, "487 Request Terminated", FIRST);
  await rig.refuse(phone, "487 Request Terminated", PHONE);
  await rig.respond(second, "200 OK", SECOND);
  expectOwn(rig.takeOne(99), invite);
  await rig.expectAllReleased();
});

Deno.test("§16.7 step 6: the best response is chosen across all branches, and has the caller's own values", async () => {
  const { rig } = await started();
  const invite = await rig.send();
  const [first, second, phone] = [rig.takeOne(FIRST), rig.takeOne(SECOND), rig.takeOne(PHONE)];
  await rig.refuse(first, "503 Service Unavailable", FIRST);
  await rig.refuse(phone, "500 Server Internal Error", PHONE);
  await rig.refuse(second, "404 Not Found", SECOND);
  const [, response] = rig.taken(99);
  assert.match(response, /^SIP\/2\.0 404 /);
  expectOwn(response, invite);
  assert.equal(tagOf(header(response, "To")), "t22");
  await rig.arrive(ackTo(invite, response), 99);
  await rig.expectAllReleased();
});

Deno.test("A 503 of a gateway is 500 to the caller, one that was not reached 503, and both say why", async () => {
  const cases = [
    { targets: [TARGETS[0]], isReached: true, status: 500, warning: /gateway has answered 503 Down/ },
    { targets: [TARGETS[0], TARGETS[1]], isReached: false, status: 503, warning: /Unreachable/ },
    // A device that is not there says nothing of servers.
    { targets: [TARGETS[0], TARGETS[2]], isReached: false, status: 480, warning: undefined },
    { targets: [TARGETS[2], TARGETS[0]], isReached: false, status: 480, warning: undefined },
  ];
  for (const { targets, isReached, status, warning } of cases) {
    const { rig } = await started(targets);
    if (!isReached) {
      for (const host of [FIRST, SECOND, PHONE]) rig.udp.unreachable.add(`192.0.2.${host}:5060`);
    }
    const invite = await rig.send();
    if (isReached) await rig.refuse(rig.takeOne(FIRST), "503 Down", FIRST);
    const [, response] = rig.taken(99);
    assert.match(response, new RegExp(`^SIP/2\\.0 ${status} `));
    if (warning) assert.match(header(response, "Warning"), warning);
    else assert.ok(!hasHeader(response, "Warning"));
    await rig.arrive(ackTo(invite, response), 99);
    await rig.expectAllReleased();
  }
});

Deno.test("A gateway that is not reached leaves the call to the phone", async () => {
  const { rig } = await started();
  rig.udp.unreachable.add(`192.0.2.${FIRST}:5060`).add(`192.0.2.${SECOND}:5060`);
  const invite = await rig.send();
  await rig.respond(rig.takeOne(PHONE), "200 OK", PHONE);
  assert.deepEqual(await rig.heard(invite), [100, 200]);
  await rig.expectAllReleased();
});

Deno.test("A challenge that cannot be answered ends its branch only, and is not for the caller", async () => {
  for (const isPhoneBusy of [false, true]) {
    const { rig, accounts } = await started([TARGETS[0], TARGETS[2]]);
    accounts[FIRST].refusal = "the realm is another";
    const invite = await rig.send();
    await rig.refuse(rig.takeOne(FIRST), "407 Proxy Authentication Required", FIRST, {
      lines: 'Proxy-Authenticate: Digest realm="other", nonce="n"',
    });
    const phone = rig.takeOne(PHONE);
    assert.deepEqual(await rig.heard(), [100]);
    if (isPhoneBusy) await rig.refuse(phone, "603 Decline", PHONE);
    else await rig.respond(phone, "200 OK", PHONE);
    assert.deepEqual(await rig.heard(invite), [isPhoneBusy ? 603 : 200]);
    await rig.expectAllReleased();
  }
});

Deno.test("Where all challenges fail the caller hears 502", async () => {
  const { rig, accounts } = await started([TARGETS[0], TARGETS[1]]);
  for (const account of Object.values(accounts)) account.refusal = "no account";
  const invite = await rig.send();
  for (const host of [FIRST, SECOND]) await rig.refuse(rig.takeOne(host), "401 Unauthorized", host);
  assert.deepEqual(await rig.heard(invite), [100, 502]);
  await rig.expectAllReleased();
});

Deno.test("§16.10: a CANCEL reaches every branch with its own CSeq, and ends the answering of challenges", async () => {
  const { rig } = await started();
  const invite = await rig.send();
  const first = await challenged(rig, rig.takeOne(FIRST), FIRST);
  const [second, phone] = [rig.takeOne(SECOND), rig.takeOne(PHONE)];
  for (const [request, host] of [[first, FIRST], [second, SECOND], [phone, PHONE]] as const) {
    await rig.respond(request, "100 Trying", host);
  }
  await rig.arrive(cancelOf(invite), 99);
  for (const [host, cseq] of [[FIRST, 8], [SECOND, 7], [PHONE, 7]]) {
    assert.equal(header(rig.takeOne(host), "CSeq"), `${cseq} CANCEL`);
  }
  await rig.refuse(first, "487 Request Terminated", FIRST);
  await rig.refuse(phone, "487 Request Terminated", PHONE);
  await rig.refuse(second, "407 Proxy Authentication Required", SECOND, {
    lines: 'Proxy-Authenticate: Digest realm="gw22", nonce="n"',
  });
  assert.deepEqual(await rig.heard(invite), [100, 200, 487]);
  await rig.expectAllReleased();
});

Deno.test("§13.2.2.4: a call that is answered after its caller got another answer is hung up", async () => {
  const { rig } = await started([TARGETS[2]]);
  const invite = await rig.send();
  const phone = rig.takeOne(PHONE);
  await rig.respond(phone, "180 Ringing", PHONE);
  rig.proxy.calls.end(0);
  assert.deepEqual(await rig.heard(invite), [100, 180, 503]);
  assert.match(rig.takeOne(PHONE), /^CANCEL /);
  await rig.respond(phone, "200 OK", PHONE, { lines: "Contact: <sip:phone@192.0.2.11:5060>" });
  const [ack, bye] = rig.taken(PHONE);
  assert.deepEqual([header(ack, "CSeq"), header(bye, "CSeq")], ["7 ACK", "8 BYE"]);
  await rig.respond(bye, "200 OK", PHONE);
  assert.deepEqual(await rig.heard(invite), []);
  await rig.expectAllReleased();
});
