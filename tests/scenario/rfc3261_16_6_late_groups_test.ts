/** Target sets that yield their groups one after the other, at once or later, and targets that are added to a group. */
import assert from "node:assert/strict";
import { PriorityTargets } from "../../src/core/proxy/target_set.ts";
import type { Target } from "../../src/core/proxy/target.ts";
import { device, ListedTargets, ProxyRig } from "../support/proxy_rig.ts";
import { cancelOf, header, startLine } from "../support/sip_text.ts";

const TIMER_C_MS = 185_000;
const RING_MS = 20_000;

type Late = PromiseWithResolvers<readonly Target[] | undefined>;

/** Returns a group that comes when the test says. */
function later(): Late {
  return Promise.withResolvers();
}

async function started(targets: ListedTargets): Promise<ProxyRig> {
  return await ProxyRig.start({ targets: () => targets });
}

Deno.test("A first group that comes later is tried when it comes, and the request is not sent twice", async () => {
  const group = later();
  const rig = await started(new ListedTargets([group.promise]));
  const invite = await rig.send();
  await rig.send();
  assert.deepEqual(await rig.heard(), [100, 100]);
  group.resolve([device(11), device(12)]);
  await rig.pass(0);
  const [first, second] = [rig.takeOne(11), rig.takeOne(12)];
  await rig.refuse(first, "486 Busy Here", 11);
  await rig.respond(second, "200 OK", 12);
  assert.deepEqual(await rig.heard(invite), [200]);
  await rig.expectAllReleased();
});

Deno.test("§9.2: a CANCEL while a group is awaited is answered 487 at once, and the group is dropped when it comes", async () => {
  const group = later();
  const targets = new ListedTargets([group.promise]);
  const rig = await started(targets);
  const invite = await rig.send();
  await rig.arrive(cancelOf(invite), 99);
  assert.deepEqual(await rig.heard(invite), [100, 200, 487]);
  assert.ok(targets.isClosed);
  group.resolve([device(11)]);
  await rig.pass(0);
  assert.deepEqual(rig.taken(11), []);
  await rig.expectAllReleased();
});

Deno.test("A group that is awaited no more keeps no timer, and its failure is not told", async () => {
  const group = later();
  const rig = await started(new ListedTargets([group.promise]));
  const invite = await rig.send();
  await rig.arrive(cancelOf(invite), 99);
  await rig.heard(invite);
  await rig.expectAllReleased();
  group.reject(new Error("too late"));
  await rig.pass(0);
});

Deno.test("A first group that rejects, or that is none, is answered 480", async () => {
  for (const group of [Promise.reject(new Error("no database")), Promise.resolve(undefined), undefined, []]) {
    const targets = new ListedTargets([group]);
    const rig = await started(targets);
    const invite = await rig.send();
    assert.deepEqual(await rig.heard(invite), [100, 480]);
    assert.ok(targets.isClosed);
    await rig.expectAllReleased();
  }
});

Deno.test("A target set that throws ends the search, at first and later", async () => {
  const broken = () => {
    throw new Error("a mistake");
  };
  for (const groups of [[broken], [[device(11)], broken]]) {
    const targets = new ListedTargets(groups);
    const rig = await started(targets);
    const invite = await rig.send();
    if (groups.length > 1) await rig.refuse(rig.takeOne(11), "486 Busy Here", 11);
    assert.deepEqual(await rig.heard(invite), [100, groups.length > 1 ? 486 : 480]);
    assert.ok(targets.isClosed);
    await rig.expectAllReleased();
  }
});

Deno.test("A group that never comes ends the search after Timer C: the caller gets what there was", async () => {
  const rig = await started(new ListedTargets([[device(11)], later().promise]));
  const invite = await rig.send();
  await rig.refuse(rig.takeOne(11), "486 Busy Here", 11);
  await rig.pass(TIMER_C_MS - 1_000);
  assert.deepEqual(await rig.heard(invite), [100]);
  await rig.pass(1_010);
  assert.deepEqual(await rig.heard(invite), [486]);
  await rig.expectAllReleased();
});

Deno.test("§16.6: after a failure the next group is asked for, once, and later the one after it", async () => {
  const [second, third] = [later(), later()];
  const targets = new ListedTargets([[device(11)], second.promise, third.promise]);
  const rig = await started(targets);
  const invite = await rig.send();
  assert.equal(targets.asked, 1);
  await rig.refuse(rig.takeOne(11), "486 Busy Here", 11);
  assert.equal(targets.asked, 2);
  second.resolve([device(12), device(13)]);
  await rig.pass(0);
  await rig.refuse(rig.takeOne(12), "404 Not Found", 12);
  assert.equal(targets.asked, 2);
  await rig.refuse(rig.takeOne(13), "404 Not Found", 13);
  assert.equal(targets.asked, 3);
  assert.deepEqual(await rig.heard(invite), [100]);
  third.resolve(undefined);
  await rig.pass(0);
  assert.deepEqual(await rig.heard(invite), [486]);
  await rig.expectAllReleased();
});

Deno.test("A group that has rung out rings on while the next is asked for, and hears its CANCEL when that comes", async () => {
  const second = later();
  const targets = new ListedTargets([[device(11)], second.promise]);
  const rig = await started(targets);
  const invite = await rig.send();
  const phone = rig.takeOne(11);
  await rig.respond(phone, "180 Ringing", 11);
  await rig.pass(RING_MS - 100);
  assert.equal(targets.asked, 1);
  await rig.pass(200);
  assert.equal(targets.asked, 2);
  await rig.pass(30_000);
  assert.deepEqual(rig.taken(11), []);
  second.resolve([device(12)]);
  await rig.pass(0);
  assert.match(rig.takeOne(11), /^CANCEL /);
  await rig.respond(phone, "487 Request Terminated", 11);
  rig.taken(11);
  await rig.respond(rig.takeOne(12), "200 OK", 12);
  assert.deepEqual(await rig.heard(invite), [100, 180, 200]);
  await rig.expectAllReleased();
});

Deno.test("A phone that answers while the next group is asked for has the call, and the group is dropped", async () => {
  const second = later();
  const targets = new ListedTargets([[device(11)], second.promise]);
  const rig = await started(targets);
  const invite = await rig.send();
  const phone = rig.takeOne(11);
  await rig.respond(phone, "180 Ringing", 11);
  await rig.pass(RING_MS + 100);
  await rig.respond(phone, "200 OK", 11);
  assert.deepEqual(await rig.heard(invite), [100, 180, 200]);
  assert.ok(targets.isClosed);
  second.resolve([device(12)]);
  await rig.pass(0);
  assert.deepEqual(rig.taken(12), []);
  await rig.expectAllReleased();
});

Deno.test("A phone that refuses while the next group is asked for leaves the call to that group", async () => {
  const second = later();
  const rig = await started(new ListedTargets([[device(11)], second.promise]));
  const invite = await rig.send();
  const phone = rig.takeOne(11);
  await rig.respond(phone, "180 Ringing", 11);
  await rig.pass(RING_MS + 100);
  await rig.refuse(phone, "486 Busy Here", 11);
  assert.deepEqual(await rig.heard(invite), [100, 180]);
  second.resolve([device(12)]);
  await rig.pass(0);
  await rig.refuse(rig.takeOne(12), "404 Not Found", 12);
  assert.deepEqual(await rig.heard(invite), [486]);
  await rig.expectAllReleased();
});

Deno.test("Where no group follows one that has rung out, it goes on ringing", async () => {
  const second = later();
  const rig = await started(new ListedTargets([[device(11)], second.promise]));
  const invite = await rig.send();
  const phone = rig.takeOne(11);
  await rig.respond(phone, "180 Ringing", 11);
  await rig.pass(RING_MS + 100);
  second.resolve(undefined);
  await rig.pass(60_000);
  assert.deepEqual(rig.taken(11), []);
  await rig.respond(phone, "180 Ringing", 11);
  await rig.pass(60_000);
  await rig.respond(phone, "200 OK", 11);
  assert.deepEqual(await rig.heard(invite), [100, 180, 180, 200]);
  await rig.expectAllReleased();
});

Deno.test("§16.7 step 5: a 6xx ends the search while the next group is awaited", async () => {
  const second = later();
  const targets = new ListedTargets([[device(11)], second.promise]);
  const rig = await started(targets);
  const invite = await rig.send();
  const phone = rig.takeOne(11);
  await rig.respond(phone, "180 Ringing", 11);
  await rig.pass(RING_MS + 100);
  await rig.refuse(phone, "603 Decline", 11);
  assert.deepEqual(await rig.heard(invite), [100, 180, 603]);
  assert.ok(targets.isClosed);
  second.resolve([device(12)]);
  await rig.pass(0);
  assert.deepEqual(rig.taken(12), []);
  await rig.expectAllReleased();
});

Deno.test("§16.7 step 5: a 6xx cancels the rest of its group, and no further group is asked for", async () => {
  const targets = new ListedTargets([[device(11), device(12)], [device(13)]]);
  const rig = await started(targets);
  const invite = await rig.send();
  const [first, second] = [rig.takeOne(11), rig.takeOne(12)];
  await rig.respond(second, "180 Ringing", 12);
  await rig.refuse(first, "600 Busy Everywhere", 11);
  assert.match(rig.takeOne(12), /^CANCEL /);
  await rig.respond(second, "487 Request Terminated", 12);
  rig.taken(12);
  assert.deepEqual(await rig.heard(invite), [100, 180, 600]);
  assert.equal(targets.asked, 1);
  await rig.expectAllReleased();
});

Deno.test("A server that stops answers 503 while a group is awaited, at first and after a ring-out", async () => {
  for (const hasRung of [false, true]) {
    const group = later();
    const targets = new ListedTargets([...hasRung ? [[device(11)]] : [], group.promise]);
    const rig = await started(targets);
    const invite = await rig.send();
    const phone = hasRung ? rig.takeOne(11) : undefined;
    if (phone) {
      await rig.respond(phone, "180 Ringing", 11);
      await rig.pass(RING_MS + 100);
      await rig.heard();
    }
    let isOver = false;
    rig.proxy.calls.end(10_000).then(() => isOver = true);
    await rig.pass(0);
    assert.equal((await rig.heard(invite)).at(-1), 503);
    if (phone) {
      assert.match(rig.takeOne(11), /^CANCEL /);
      assert.ok(!isOver);
      await rig.refuse(phone, "487 Request Terminated", 11).catch(() => {});
    }
    assert.ok(isOver);
    group.resolve([device(12)]);
    await rig.pass(0);
    assert.deepEqual(rig.taken(12), []);
    await rig.expectAllReleased();
  }
});

Deno.test("A request other than INVITE waits for its group, and is forgotten when its transaction is over", async () => {
  const [group, never] = [later(), later()];
  const targets = [new ListedTargets([group.promise]), new ListedTargets([never.promise])];
  const rig = await ProxyRig.start({ targets: () => targets.shift()! });
  await rig.send({ method: "MESSAGE" });
  await rig.pass(1_000);
  group.resolve([device(11)]);
  await rig.pass(0);
  await rig.respond(rig.takeOne(11), "200 OK", 11);
  assert.deepEqual(await rig.heard(), [200]);
  await rig.send({ method: "MESSAGE", branch: "2", headers: { "Call-ID": "other" } });
  await rig.pass(TIMER_C_MS + 100);
  assert.deepEqual(await rig.heard(), [100]);
  await rig.expectAllReleased();
});

Deno.test("§8.2.2.2: a request that nobody has answered may come again by another path once it is over", async () => {
  const rig = await ProxyRig.start({ targets: () => new PriorityTargets([device(11)]) });
  await rig.send({ method: "MESSAGE" });
  await rig.pass(1_000);
  await rig.send({ method: "MESSAGE", branch: "2" });
  assert.deepEqual(await rig.heard(), [482]);
  await rig.pass(64_000);
  rig.taken(11);
  await rig.heard();
  await rig.send({ method: "MESSAGE", branch: "3" });
  assert.equal(startLine(rig.takeOne(11)), "MESSAGE sip:phone@192.0.2.11 SIP/2.0");
});

Deno.test("§8.2.2.2: nor is one remembered whose target came late and stayed silent, or answered too late", async () => {
  for (const isSilent of [true, false]) {
    const group = later();
    const targets = [new ListedTargets([group.promise]), new ListedTargets([[device(12)]])];
    const rig = await ProxyRig.start({ targets: () => targets.shift()! });
    await rig.send({ method: "MESSAGE" });
    await rig.pass(20_000);
    group.resolve([device(11)]);
    await rig.pass(0);
    await rig.pass(20_000);
    const asked = rig.taken(11)[0];
    if (!isSilent) await rig.respond(asked, "200 OK", 11);
    await rig.pass(20_000);
    assert.deepEqual(await rig.heard(), [100]);
    await rig.send({ method: "MESSAGE", branch: "2" });
    await rig.respond(rig.takeOne(12), "200 OK", 12);
    assert.deepEqual(await rig.heard(), [200]);
    await rig.expectAllReleased();
  }
});

/** Max-Breadth of what has come to a device. */
function breadthAt(rig: ProxyRig, host: number): number {
  return Number(header(rig.takeOne(host), "Max-Breadth"));
}

Deno.test("RFC 5393 §5.3.3: a group larger than Max-Breadth is tried in parts, each target counted once", async () => {
  const hosts = [11, 12, 13, 14, 15];
  const group = hosts.map((host) => device(host));
  const targets = new ListedTargets([group, [device(16)]]);
  // Room for six targets, but not for seven.
  const rig = await ProxyRig.start({ targets: () => targets, maxPendingBytes: 4 * (6 * 1024 + 700) });
  const invite = await rig.send({ headers: { "Max-Breadth": "2" } });
  for (const part of [[11, 12], [13, 14], [15], [16]]) {
    for (const host of [...hosts, 16]) if (!part.includes(host)) assert.deepEqual(rig.taken(host), []);
    const requests = part.map((host) => rig.takeOne(host));
    const breadths = requests.map((request) => Number(header(request, "Max-Breadth")));
    assert.ok(breadths.reduce((sum, breadth) => sum + breadth) <= 2, breadths.join());
    assert.ok(breadths.every((breadth) => breadth >= 1));
    assert.equal(targets.asked, part[0] === 16 ? 2 : 1);
    for (const [i, host] of part.entries()) await rig.refuse(requests[i], "486 Busy Here", host);
  }
  assert.deepEqual(await rig.heard(invite), [100, 486]);
  await rig.expectAllReleased();
});

Deno.test("RFC 5393 §5.3.3: targets that are added to a group share what it has left of Max-Breadth", async () => {
  const targets = new ListedTargets([[device(11), device(12)]], { isOpen: true });
  const rig = await started(targets);
  const invite = await rig.send({ headers: { "Max-Breadth": "9" } });
  let sum = breadthAt(rig, 11) + breadthAt(rig, 12);
  let added = 0;
  while (rig.contexts[0].addTarget(device(21 + added))) sum += breadthAt(rig, 21 + added++);
  assert.ok(added >= 2, `${added} were added`);
  assert.equal(sum, 9);
  assert.deepEqual(rig.taken(21 + added), []);
  await rig.arrive(cancelOf(invite), 99);
  await rig.pass(64_000);
  await rig.heard(invite);
  await rig.expectAllReleased();
});

Deno.test("A target that is added is one of the group: it may answer, and the search waits for it", async () => {
  const targets = new ListedTargets([[device(11)]], { isOpen: true });
  const rig = await started(targets);
  const invite = await rig.send();
  const first = rig.takeOne(11);
  assert.ok(rig.contexts[0].addTarget(device(12)));
  const added = rig.takeOne(12);
  await rig.refuse(first, "486 Busy Here", 11);
  assert.deepEqual(await rig.heard(invite), [100]);
  await rig.respond(added, "200 OK", 12);
  assert.deepEqual(await rig.heard(invite), [200]);
  assert.ok(!rig.contexts[0].addTarget(device(13)), "the call is answered");
  await rig.expectAllReleased();
});

Deno.test("Nothing is added to a group of a closed target set, after a CANCEL, when the server stops, or beyond the caller's limit", async () => {
  const outcomes: boolean[] = [];
  for (const how of ["closed", "cancel", "stop", "limit"]) {
    const targets = new ListedTargets([[device(11)]], { isOpen: how !== "closed" });
    const maxPendingBytes = how === "limit" ? 4 * (1024 + 1000) : undefined;
    const rig = await ProxyRig.start({ targets: () => targets, maxPendingBytes });
    const invite = await rig.send();
    const phone = rig.takeOne(11);
    await rig.respond(phone, "180 Ringing", 11);
    if (how === "cancel") await rig.arrive(cancelOf(invite), 99);
    if (how === "stop") rig.proxy.calls.end(0);
    outcomes.push(rig.contexts[0].addTarget(device(12)));
    assert.deepEqual(rig.taken(12), [], how);
    rig.taken(11);
    await rig.refuse(phone, "486 Busy Here", 11);
    await rig.heard(invite);
    await rig.expectAllReleased();
  }
  assert.deepEqual(outcomes, [false, false, false, false]);
});
