// Stolen or altered Route entries lead nowhere: requests within dialogs pass without a password.

import assert from "node:assert/strict";
import { fromCaller, header, headers } from "../../support/sip_text.ts";
import { type Call, establish, hangUp } from "./calls.ts";
import { startTransportRoutr } from "./transport_routr.ts";
import type { Protocol, Way } from "./way.ts";
import { WirePhone } from "./wire_phone.ts";

const by = (protocol: Protocol): Way => ({ protocol, address: "127.0.0.1" });

/** Forgeries of a valid BYE and its Route values. */
const forgeries: Readonly<Record<string, (bye: string, other: Call) => string>> = {
  "the Route of one dialog with the Call-ID of another": (bye, other) =>
    bye.replace(/^Call-ID: .*$/m, `Call-ID: ${header(other.ok, "Call-ID")}`),
  "the Route of one dialog in another dialog": (bye, other) => {
    const routes = bye.split("\n").filter((line) => line.startsWith("Route: "));
    const another = fromCaller("BYE", { ...other, cseq: 200 }).split("\n");
    return [another[0], ...routes, ...another.filter((line, i) => i > 0 && !line.startsWith("Route: "))]
      .join("\n");
  },
  "a Call-ID of its own": (bye) => bye.replace(/^Call-ID: .*$/m, "Call-ID: of-no-dialog"),
  "a tag of its own": (bye) => bye.replace(/^(From: .*;tag=).*$/m, "$1of-nobody"),
  "no To tag": (bye) => bye.replace(/^(To: .*);tag=.*$/m, "$1"),
  "an INVITE in place of the BYE, without To tag": (bye) =>
    bye.replace("BYE", "INVITE").replace(/^CSeq: .*$/m, "CSeq: 200 INVITE").replace(
      /^(To: .*);tag=.*$/m,
      "$1",
    ),
  "the ends exchanged": (bye) => bye.replaceAll(/(sip:\w{16})\.([\w-]+)\.([\w-]+)@/g, "$1.$3.$2@"),
  "the flow of somebody else": (bye, other) => {
    const flow = /\.([\w-]+)@/.exec(headers(other.invite, "Record-Route")[0])?.[1];
    return bye.replaceAll(/\.[\w-]+@/g, `.${flow}@`);
  },
  "an address in place of the flow": (bye) => bye.replaceAll(/\.[\w-]+@/g, ".a0-7f000001-13c4@"),
  "another seal": (bye) => bye.replaceAll(/(sip:)\w{16}\./g, "$10123456789abcdef."),
  "a cut signature": (bye) => bye.replaceAll(/(sip:\w{8})\w{8}\./g, "$1."),
  "no seal": (bye) => bye.replaceAll(/(sip:)\w{16}\./g, "$1."),
};

for (const protocol of ["udp", "tls", "ws"] as const) {
  Deno.test(`Route headers that lead to somebody on ${protocol} cannot be forged`, async (t) => {
    await using routr = await startTransportRoutr({
      agents: ["alice", "bob", "carol"],
      bindAddresses: ["127.0.0.1"],
      spec: "  recordRoute: true\n",
    });
    const connect = (user: string, way: Way) => WirePhone.connect(routr, { user, way });
    await using alice = await connect("alice", by("udp"));
    await using bob = await connect("bob", by(protocol));
    await using carol = await connect("carol", by(protocol));
    await using mallory = await connect("mallory", by("udp"));
    await bob.register();
    await carol.register();
    const call = await establish(alice, bob);
    const other = await establish(alice, carol);

    for (const [what, forge] of Object.entries(forgeries)) {
      for (const attacker of [mallory, alice]) {
        await t.step(`${what}, from ${attacker.username}`, async () => {
          const right = fromCaller("BYE", { ...call, cseq: 200 });
          const forged = forge(right, other);
          assert.notEqual(forged, right);
          await attacker.send(forged);
          assert.match(await attacker.expect(""), /^SIP\/2\.0 4/);
          await attacker.send(forged.replace(/^\w+/, "ACK").replace(/^(CSeq: \d+) \w+$/m, "$1 ACK"));
          await bob.expectNothing(10);
          for (const phone of [carol, attacker]) await phone.expectNothing(0);
        });
      }
    }

    await t.step("the dialogs are as they were", async () => {
      await hangUp(call, "caller");
      await hangUp(other, "callee");
    });
  });
}
