/** Bodies that a branch rewrites, at once or later, in requests and in responses. */
import assert from "node:assert/strict";
import type { BranchRewrite } from "../../src/core/proxy/branch_rewrite.ts";
import { CSeqShift } from "../../src/core/proxy/cseq_shift.ts";
import type { MessageBody } from "../../src/core/proxy/message_body.ts";
import { PriorityTargets } from "../../src/core/proxy/target_set.ts";
import type { SipResponse } from "../../src/message/sip_message.ts";
import { device, ProxyRig } from "../support/proxy_rig.ts";
import { bodyOf, cancelOf, header, headers, type ResponseParts, startLine } from "../support/sip_text.ts";

const OFFER = "v=0\r\no=- 1 1 IN IP4 192.0.2.99\r\n";
const OTHER: MessageBody = { contentType: "application/sdp", text: "v=0\r\no=- 1 1 IN IP4 198.51.100.7\r\n" };
const CONTACT = { lines: "Contact: <sip:phone@192.0.2.11:5060>" };

/** Rewrites the branch to `.11`; that to `.12`, if there is one, is as the request came. */
function started(rewrite: BranchRewrite, hosts: readonly number[] = [11]): Promise<ProxyRig> {
  return ProxyRig.start({
    targets: () => new PriorityTargets(hosts.map((host) => device(host))),
    rewriteFor: ({ requestUri }) => requestUri.endsWith(".11") ? rewrite : undefined,
  });
}

function sendOffer(rig: ProxyRig, method = "INVITE"): Promise<string> {
  return rig.send({ method, headers: { "Content-Type": "text/plain" }, body: OFFER });
}

function expectBody(message: string, { contentType, text }: MessageBody): void {
  assert.equal(bodyOf(message), text);
  assert.deepEqual(headers(message, "Content-Length"), [String(text.length)]);
  assert.deepEqual(headers(message, "Content-Type"), contentType === undefined ? [] : [contentType]);
}

Deno.test("§20.14: the body of a branch takes the place of the request's, in its length and type", async () => {
  const cases: readonly [MessageBody | undefined, MessageBody][] = [
    [OTHER, OTHER],
    [{ text: "short" }, { text: "short", contentType: "text/plain" }],
    [{ text: "" }, { text: "", contentType: "text/plain" }],
    [undefined, { text: OFFER, contentType: "text/plain" }],
  ];
  for (const isLate of [false, true]) {
    for (const [body, expected] of cases) {
      const rig = await started({ requestBody: () => isLate ? Promise.resolve(body) : body }, [11, 12]);
      const invite = await sendOffer(rig);
      const rewritten = rig.takeOne(11);
      expectBody(rewritten, expected);
      expectBody(rig.takeOne(12), { text: OFFER, contentType: "text/plain" });
      await rig.respond(rewritten, "200 OK", 11);
      assert.deepEqual(await rig.heard(invite), [100, 200]);
      await rig.pass(64_000);
      rig.taken(12);
      await rig.expectAllReleased();
    }
  }
});

Deno.test("A request without a body, type or length gets all three", async () => {
  const rig = await started({ requestBody: () => OTHER });
  const invite = await rig.send({ headers: { "Content-Length": undefined } });
  const request = rig.takeOne(11);
  expectBody(request, OTHER);
  await rig.refuse(request, "486 Busy Here", 11);
  assert.deepEqual(await rig.heard(invite), [100, 486]);
});

Deno.test("A body that comes later delays its branch only; the request goes out once, and is repeated with it", async () => {
  const body = Promise.withResolvers<MessageBody>();
  const rig = await started({ requestBody: () => body.promise }, [11, 12]);
  const invite = await sendOffer(rig);
  assert.deepEqual(rig.taken(11), []);
  const other = rig.takeOne(12);
  await rig.pass(5_000);
  rig.taken(12);
  await sendOffer(rig);
  body.resolve(OTHER);
  await rig.pass(0);
  const rewritten = rig.takeOne(11);
  await rig.pass(510);
  assert.equal(rig.takeOne(11), rewritten);
  expectBody(rewritten, OTHER);
  await rig.refuse(other, "486 Busy Here", 12);
  await rig.respond(rewritten, "200 OK", 11);
  assert.deepEqual(await rig.heard(invite), [100, 100, 200]);
  await rig.expectAllReleased();
});

Deno.test("§9: a CANCEL while a body is awaited ends its branch, and nothing is sent later", async () => {
  const body = Promise.withResolvers<MessageBody>();
  const rig = await started({ requestBody: () => body.promise });
  const invite = await sendOffer(rig);
  await rig.arrive(cancelOf(invite), 99);
  assert.deepEqual(await rig.heard(invite), [100, 200, 487]);
  body.resolve(OTHER);
  await rig.pass(0);
  assert.deepEqual(rig.taken(11), []);
  await rig.expectAllReleased();
});

Deno.test("A body that is given up with its group is not sent when it comes", async () => {
  const body = Promise.withResolvers<MessageBody>();
  const rig = await ProxyRig.start({
    targets: () => new PriorityTargets([device(11), device(12), device(13, { q: 500 })]),
    rewriteFor: ({ requestUri }) =>
      requestUri.endsWith(".11") ? { requestBody: () => body.promise } : undefined,
  });
  const invite = await sendOffer(rig);
  const ringing = rig.takeOne(12);
  await rig.respond(ringing, "180 Ringing", 12);
  await rig.pass(20_010);
  assert.match(rig.takeOne(12), /^CANCEL /);
  await rig.respond(rig.takeOne(13), "200 OK", 13);
  body.resolve(OTHER);
  await rig.pass(0);
  assert.deepEqual(rig.taken(11), []);
  await rig.refuse(ringing, "487 Request Terminated", 12);
  assert.deepEqual(await rig.heard(invite), [100, 180, 200]);
  await rig.expectAllReleased();
});

const FAILURES: Readonly<Record<string, () => Promise<MessageBody>>> = {
  throws: () => {
    throw new Error("a mistake");
  },
  rejects: () => Promise.reject(new Error("no media")),
  "never comes": () => new Promise(() => {}),
};

for (const [what, fail] of Object.entries(FAILURES)) {
  Deno.test(`A request body that ${what} ends its branch with 500, and the others go on`, async () => {
    for (const hosts of [[11], [11, 12]]) {
      const rig = await started({ requestBody: fail }, hosts);
      const invite = await sendOffer(rig);
      const other = hosts.length > 1 ? rig.takeOne(12) : undefined;
      if (other) await rig.respond(other, "100 Trying", 12);
      await rig.pass(32_010);
      assert.deepEqual(rig.taken(11), []);
      if (other) await rig.respond(other, "200 OK", 12);
      assert.deepEqual([...new Set(await rig.heard(invite))], [100, other ? 200 : 500]);
      await rig.expectAllReleased();
    }
  });

  Deno.test(`§13.2.2.4: a call is hung up when the body of its 200 ${what}, and the caller hears 502`, async () => {
    const rig = await started({ responseBody: fail });
    const invite = await sendOffer(rig);
    const request = rig.takeOne(11);
    await rig.respond(request, "200 OK", 11, CONTACT);
    await rig.pass(10_010);
    const [ack, bye] = rig.taken(11);
    assert.equal(startLine(ack), "ACK sip:phone@192.0.2.11:5060 SIP/2.0");
    assert.equal(startLine(bye), "BYE sip:phone@192.0.2.11:5060 SIP/2.0");
    await rig.respond(bye, "200 OK", 11);
    assert.deepEqual([...new Set(await rig.heard(invite))], [100, 502]);
    await rig.expectAllReleased();
  });

  Deno.test(`A refusal whose body ${what} goes to the caller as it is, a provisional response does not`, async () => {
    const rig = await started({ responseBody: fail });
    await sendOffer(rig);
    const request = rig.takeOne(11);
    await rig.respond(request, "183 Session Progress", 11);
    await rig.pass(10_010);
    await rig.respond(request, "488 Not Acceptable Here", 11, { lines: "Content-Type: text/plain\n\nwhy" });
    await rig.pass(10_010);
    const [, ...rest] = rig.taken(99);
    assert.deepEqual([...new Set(rest.map(startLine))], ["SIP/2.0 488 Not Acceptable Here"]);
    assert.equal(bodyOf(rest[0]), "why");
    await rig.expectAllReleased();
  });
}

Deno.test("Where a call is hung up for its body another phone may answer", async () => {
  const rig = await started({ responseBody: FAILURES.rejects }, [11, 12]);
  const invite = await sendOffer(rig);
  const other = rig.takeOne(12);
  await rig.respond(rig.takeOne(11), "200 OK", 11, CONTACT);
  assert.deepEqual(rig.taken(11).map((text) => text.split(" ")[0]), ["ACK", "BYE"]);
  await rig.respond(other, "200 OK", 12);
  assert.deepEqual(await rig.heard(invite), [100, 200]);
  await rig.expectAllReleased();
});

Deno.test("A success of another request with a body that cannot be rewritten is 502, and nobody is hung up", async () => {
  const rig = await started({ responseBody: FAILURES.rejects });
  await sendOffer(rig, "MESSAGE");
  await rig.respond(rig.takeOne(11), "200 OK", 11, CONTACT);
  assert.deepEqual(rig.taken(11), []);
  assert.deepEqual(await rig.heard(), [502]);
  await rig.expectAllReleased();
});

Deno.test("RFC 7616 §3.4.3: credentials are made for the body that is sent, which is sent again with them", async () => {
  const bodies: string[] = [];
  const rig = await started({
    requestBody: () => Promise.resolve(OTHER),
    shift: CSeqShift.from(7),
    challenged: {
      answer: (_, { body }) => {
        bodies.push(body);
        return { kind: "granted", lines: 'Proxy-Authorization: Digest qop="auth-int"\r\n' };
      },
      onAccepted() {},
    },
  });
  await sendOffer(rig);
  const lines = 'Proxy-Authenticate: Digest realm="gw", nonce="n", qop="auth-int"';
  await rig.respond(rig.takeOne(11), "407 Proxy Authentication Required", 11, { lines });
  const [, again] = rig.taken(11);
  assert.deepEqual(bodies, [OTHER.text]);
  expectBody(again, OTHER);
  assert.equal(header(again, "CSeq"), "8 INVITE");
  assert.equal(header(again, "Proxy-Authorization"), 'Digest qop="auth-int"');
});

/** A call whose responses get their bodies when the test says. */
class Slow {
  /** What was asked for, by status, in order. */
  readonly asked: number[] = [];
  readonly rig: ProxyRig;
  readonly invite: string;
  readonly request: string;
  readonly #bodies: PromiseWithResolvers<MessageBody | undefined>[];

  private constructor(
    rig: ProxyRig,
    sent: { invite: string; request: string },
    bodies: PromiseWithResolvers<MessageBody | undefined>[],
  ) {
    this.rig = rig;
    this.invite = sent.invite;
    this.request = sent.request;
    this.#bodies = bodies;
  }

  static async start(hosts?: readonly number[]): Promise<Slow> {
    const bodies: PromiseWithResolvers<MessageBody | undefined>[] = [];
    const responseBody = (response: SipResponse) => {
      slow.asked.push(response.status);
      const body = Promise.withResolvers<MessageBody | undefined>();
      bodies.push(body);
      return body.promise;
    };
    const rig = await started({ responseBody }, hosts);
    const invite = await sendOffer(rig);
    const slow = new Slow(rig, { invite, request: rig.takeOne(11) }, bodies);
    await rig.heard();
    return slow;
  }

  get isWaiting(): boolean {
    return this.#bodies.length > 0;
  }

  respond(status: string, parts: ResponseParts = CONTACT): Promise<void> {
    return this.rig.respond(this.request, status, 11, parts);
  }

  /** Lets the body that was asked for first come. */
  async bring(text: string): Promise<void> {
    this.#bodies.shift()!.resolve({ text });
    await this.rig.pass(0);
  }

  /** Start lines and bodies that the caller has got. */
  heard(): string[] {
    return this.rig.taken(99).map((text) => `${startLine(text).slice(8)}: ${bodyOf(text)}`);
  }
}

Deno.test("Responses of a branch go upstream in their order, each with its body", async () => {
  const slow = await Slow.start();
  await slow.respond("180 Ringing");
  await slow.respond("183 Session Progress");
  await slow.respond("200 OK");
  assert.deepEqual(slow.asked, [180]);
  assert.deepEqual(slow.heard(), []);
  await slow.bring("a");
  assert.deepEqual(slow.heard(), ["180 Ringing: a"]);
  await slow.bring("b");
  assert.deepEqual(slow.heard(), ["183 Session Progress: b"]);
  assert.deepEqual(slow.asked, [180, 183, 200]);
  await slow.bring("c");
  assert.deepEqual(slow.heard(), ["200 OK: c"]);
  await slow.rig.expectAllReleased();
});

Deno.test("100 is not rewritten, and other branches do not wait", async () => {
  const slow = await Slow.start([11, 12]);
  await slow.respond("100 Trying");
  await slow.respond("180 Ringing");
  const other = slow.rig.taken(12)[0];
  await slow.rig.respond(other, "183 Session Progress", 12);
  assert.deepEqual(slow.heard(), ["183 Session Progress: "]);
  await slow.bring("a");
  assert.deepEqual(slow.heard(), ["180 Ringing: a"]);
  assert.deepEqual(slow.asked, [180]);
  await slow.rig.respond(other, "200 OK", 12);
  await slow.rig.refuse(slow.request, "487 Request Terminated", 11).catch(() => {});
  await slow.bring("");
  await slow.rig.expectAllReleased();
});

Deno.test("§13.3.1.4: a 200 that is repeated while its body is awaited goes up once; later repeats are asked for again", async () => {
  const slow = await Slow.start();
  await slow.respond("200 OK");
  await slow.rig.pass(500);
  await slow.respond("200 OK");
  await slow.rig.pass(1_000);
  await slow.respond("200 OK");
  await slow.bring("answer");
  assert.deepEqual(slow.heard(), ["200 OK: answer"]);
  assert.deepEqual(slow.asked, [200]);
  await slow.respond("200 OK");
  await slow.bring("answer");
  assert.deepEqual(slow.heard(), ["200 OK: answer"]);
  await slow.rig.expectAllReleased();
});

Deno.test("§16.7 step 10: two phones behind one branch that both answer are both passed on", async () => {
  const slow = await Slow.start();
  await slow.respond("200 OK", { ...CONTACT, tag: "one" });
  await slow.respond("200 OK", { ...CONTACT, tag: "two" });
  await slow.bring("first");
  await slow.bring("second");
  assert.deepEqual(slow.heard(), ["200 OK: first", "200 OK: second"]);
  await slow.rig.expectAllReleased();
});

Deno.test("§9.2: a CANCEL while a 200 awaits its body comes too late: the caller gets the 200", async () => {
  const slow = await Slow.start();
  await slow.respond("180 Ringing");
  await slow.bring("");
  await slow.respond("200 OK");
  await slow.rig.arrive(cancelOf(slow.invite), 99);
  assert.deepEqual(slow.heard(), ["180 Ringing: ", "200 OK: "]);
  assert.deepEqual(slow.rig.taken(11), []);
  await slow.bring("answer");
  assert.deepEqual(slow.heard(), ["200 OK: answer"]);
  await slow.rig.expectAllReleased();
});

Deno.test("A server that stops while a 200 awaits its body hangs the call up when it comes", async () => {
  const slow = await Slow.start();
  await slow.respond("200 OK");
  slow.rig.proxy.calls.end(0);
  await slow.bring("answer");
  assert.deepEqual(await slow.rig.heard(slow.invite), [503]);
  const [ack, bye] = slow.rig.taken(11);
  assert.deepEqual([header(ack, "CSeq"), header(bye, "CSeq")], ["7 ACK", "8 BYE"]);
  await slow.rig.respond(bye, "200 OK", 11);
  await slow.rig.expectAllReleased();
});

Deno.test("A 200 that awaits its body when another phone answers is passed on, too", async () => {
  const slow = await Slow.start([11, 12]);
  const other = slow.rig.takeOne(12);
  await slow.respond("200 OK");
  await slow.rig.respond(other, "200 OK", 12, { tag: "other" });
  await slow.bring("answer");
  assert.deepEqual(slow.heard(), ["200 OK: ", "200 OK: answer"]);
  assert.deepEqual(slow.rig.taken(11), []);
  await slow.rig.expectAllReleased();
});

Deno.test("However many responses come while a body is awaited, few are kept, and the final one is not lost", async () => {
  for (const final of ["200 OK", "486 Busy Here"]) {
    const slow = await Slow.start();
    for (let n = 0; n < 100; n++) await slow.respond("183 Session Progress", { lines: `X-Number: ${n}` });
    await slow.respond(final);
    while (slow.isWaiting && slow.asked.at(-1)! < 200) await slow.bring("");
    // A 2xx is repeated until it is acknowledged.
    if (!slow.isWaiting) await slow.respond(final);
    await slow.bring("answer");
    const heard = slow.heard();
    assert.ok(heard.length < 25, `${heard.length}`);
    assert.equal(heard.at(-1), `${final}: answer`);
    slow.rig.taken(11);
    await slow.rig.expectAllReleased();
  }
});
