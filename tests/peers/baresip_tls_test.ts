// baresip over TLS: registers and calls, with and without a certificate of its own.

import assert from "node:assert/strict";
import { type Baresip, type BaresipOptions, registeredBaresip, startBaresip } from "./baresip.ts";
import { startTransportRoutr, type TransportRoutr } from "./matrix/transport_routr.ts";

const agents = ["1001", "1002"];
const bindAddresses = ["127.0.0.1"];

/** Returns the options of a baresip that reaches this server by a transport. */
function phoneAt(routr: TransportRoutr, user: string, transport: "udp" | "tls"): BaresipOptions {
  const { port } = routr.endpointOf({ protocol: transport, address: "127.0.0.1" });
  const authorities = routr.certificates.root.certificate;
  return { user, server: port, transport, tls: transport === "tls" ? { authorities } : undefined };
}

for (const [from, to] of [["tls", "udp"], ["udp", "tls"], ["tls", "tls"]] as const) {
  Deno.test(`baresip over ${from} calls baresip over ${to}; either hangs up`, async () => {
    await using routr = await startTransportRoutr({ agents, bindAddresses });
    await using callee = await registeredBaresip({ ...phoneAt(routr, "1002", to), answer: "auto" });
    await using caller = await registeredBaresip(phoneAt(routr, "1001", from));

    await call(caller, callee);
    await caller.hangUp();
    await callee.event("CALL_CLOSED");

    await call(caller, callee);
    await callee.hangUp();
    await caller.event("CALL_CLOSED");
  });
}

async function call(caller: Baresip, callee: Baresip): Promise<void> {
  await caller.dial("1002");
  await caller.event("CALL_ESTABLISHED");
  await callee.event("CALL_ESTABLISHED");
}

Deno.test("baresip over TLS registers where clients have to show a certificate, and calls", async () => {
  await using routr = await startTransportRoutr({
    agents,
    bindAddresses,
    securityContext: { client: { authType: "Enabled" }, debugging: true },
  });
  const { both } = routr.certificates.issue({ name: "1001", dnsNames: ["phone.test"], clientAuth: true });
  const options = phoneAt(routr, "1001", "tls");
  const tls = { authorities: routr.certificates.root.certificate, both };
  await using callee = await registeredBaresip({ ...phoneAt(routr, "1002", "udp"), answer: "auto" });
  await using caller = await registeredBaresip({ ...options, tls });
  assert.match(await routr.logged(/Accepted: 127\.0\.0\.1/), /certificate CN=1001/);

  await call(caller, callee);
  await callee.hangUp();
  await caller.event("CALL_CLOSED");
});

const refusals = [
  { what: "without the certificate that is asked for", reason: /it shows no certificate/ },
  {
    what: "with a certificate of an unknown authority",
    reason: /CN=1001: .*(SIGNATURE|SELF_SIGNED)/,
    isUnknown: true,
  },
];
for (const { what, reason, isUnknown } of refusals) {
  Deno.test(`baresip over TLS ${what} is refused, and the log says why`, async () => {
    await using routr = await startTransportRoutr({
      agents,
      bindAddresses,
      securityContext: { client: { authType: "Enabled" }, debugging: true },
    });
    const { certificates } = routr;
    const both = isUnknown ? certificates.selfSigned({ name: "1001", clientAuth: true }).both : undefined;
    const tls = { authorities: certificates.root.certificate, both };
    await using phone = await startBaresip({ ...phoneAt(routr, "1001", "tls"), tls });

    await phone.register();
    assert.match(await routr.logged(/Refused: 127\.0\.0\.1/), reason);
    await assert.rejects(phone.event("REGISTER_OK", 500));
  });
}
