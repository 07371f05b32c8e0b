// Phones on every transport and both loopback addresses call phones on every other: signalling over real sockets.

import assert from "node:assert/strict";
import { callCancelled, callEndedByCallee, callEndedByCaller } from "./matrix/calls.ts";
import { SilentNameServer } from "./matrix/silent_name_server.ts";
import { startTransportRoutr } from "./matrix/transport_routr.ts";
import { nameOf, type Way, ways } from "./matrix/way.ts";
import { WirePhone } from "./matrix/wire_phone.ts";

const callerOf = (way: Way) => `caller-${ways.indexOf(way)}`;
const calleeOf = (way: Way) => `callee-${ways.indexOf(way)}`;

/** In the guest that has SCTP, calls without it are not made once more: it is slow. */
function isTried(from: Way, to: Way): boolean {
  const isGuest = Deno.env.get("ROUTR_TEST_SCTP") === "1";
  return !isGuest || from.protocol === "sctp" || to.protocol === "sctp";
}

for (
  const { layout, bindAddresses } of [
    { layout: "a socket for each address", bindAddresses: ["127.0.0.1", "::1"] },
    { layout: "one dual-stack socket", bindAddresses: ["::"] },
  ]
) {
  Deno.test(`Calls between any two transports, IPv4 and IPv6, with ${layout}`, async (t) => {
    await using nameServer = new SilentNameServer();
    await using routr = await startTransportRoutr({
      agents: ways.flatMap((way) => [callerOf(way), calleeOf(way)]),
      bindAddresses,
      spec: `  recordRoute: true\n  nameServers: ['127.0.0.1:${nameServer.port}']\n`,
    });
    await using phones = new AsyncDisposableStack();
    const callers = new Map<Way, WirePhone>();
    const callees = new Map<Way, WirePhone>();
    for (const way of ways) {
      await t.step(`${nameOf(way)} registers`, async () => {
        const caller = phones.use(await WirePhone.connect(routr, { user: callerOf(way), way }));
        const callee = phones.use(await WirePhone.connect(routr, { user: calleeOf(way), way }));
        // Who is not known is cut off after a while.
        await caller.register();
        await callee.register();
        callers.set(way, caller);
        callees.set(way, callee);
      });
    }
    for (const from of ways) {
      for (const to of ways.filter((to) => isTried(from, to))) {
        await t.step(`${nameOf(from)} calls ${nameOf(to)}`, async () => {
          const caller = callers.get(from)!;
          const callee = callees.get(to)!;
          await callEndedByCaller(caller, callee);
          await callEndedByCallee(caller, callee);
          await callCancelled(caller, callee);
        });
      }
    }
    assert.deepEqual(nameServer.questions, []);
  });
}
