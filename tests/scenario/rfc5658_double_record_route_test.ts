/** RFC 5658: two Record-Route entries where the sides of the server differ. */
import assert from "node:assert/strict";
import { callBob } from "../support/calls.ts";
import type { PhoneOptions } from "../support/phone.ts";
import { ladder } from "../support/scenario.ts";
import { fromCallee, fromCaller, hasHeader, header, headers, uriIn } from "../support/sip_text.ts";

const TCP: Partial<PhoneOptions> = { protocol: "tcp", port: 40001 };

const SIDES: Readonly<
  Record<string, { alice?: Partial<PhoneOptions>; bob?: Partial<PhoneOptions>; top: RegExp; bottom: RegExp }>
> = {
  "from udp to tcp": { bob: TCP, top: /:5060;transport=tcp;lr>$/, bottom: /@192\.0\.2\.1:5060;lr>$/ },
  "from tcp to udp": { alice: TCP, top: /@192\.0\.2\.1:5060;lr>$/, bottom: /:5060;transport=tcp;lr>$/ },
  "from tcp to tls": {
    alice: TCP,
    bob: { protocol: "tls", port: 40002 },
    top: /:5061;transport=tls;lr>$/,
    bottom: /:5060;transport=tcp;lr>$/,
  },
};

for (const [name, { top, bottom, ...places }] of Object.entries(SIDES)) {
  Deno.test(
    `RFC 5658 §5: ${name}: the entry on top is for the callee's side, the one below for the caller's`,
    ladder((net) => {
      const { atBob, alice, bob, caller, callee } = callBob(net, places);
      const entries = headers(atBob, "Record-Route");
      assert.equal(entries.length, 2);
      assert.match(entries[0], top);
      assert.match(entries[1], bottom);

      alice.send(fromCaller("ACK", caller));
      assert.ok(!hasHeader(bob.expect("ACK"), "Route"));
      alice.send(fromCaller("INFO", caller));
      const info = bob.expect(`INFO ${bob.uri} SIP/2.0`);
      assert.ok(!hasHeader(info, "Route"));
      bob.answer(info, "200 OK");
      alice.expect("200");
      bob.send(fromCallee("BYE", callee));
      const bye = alice.expect(`BYE ${alice.uri} SIP/2.0`);
      assert.ok(!hasHeader(bye, "Route"));
      alice.answer(bye, "200 OK");
      bob.expect("200");
    }),
  );
}

Deno.test(
  "RFC 5658: one entry is enough where both sides are alike",
  ladder((net) => {
    const { atBob } = callBob(net, { alice: TCP, bob: { protocol: "tcp", port: 40002 } });
    assert.equal(headers(atBob, "Record-Route").length, 1);
    assert.match(uriIn(header(atBob, "Record-Route")), /;transport=tcp;lr$/);
  }),
);
