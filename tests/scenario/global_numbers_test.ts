/** `spec.ex_convertTelToE164`: numbers in their global form on calls with gateways (E.164). */
import assert from "node:assert/strict";
import { ladder, type LadderOptions } from "../support/scenario.ts";
import { fromCallee, fromCaller, header, headers, uriIn } from "../support/sip_text.ts";
import { expectOwn, NUMBER, TRUNK, trunkOf, WORLD } from "../support/trunk.ts";

const CONVERTED: LadderOptions = { ...WORLD, spec: { ex_convertTelToE164: true } };

Deno.test(
  "spec.ex_convertTelToE164: what is dialled leaves as +E.164, with To and the number of the caller",
  ladder(CONVERTED, (net) => {
    const alice = net.phone("alice");
    const trunk = trunkOf(net);
    for (
      const [dialled, number] of [
        ["15550104180", "+15550104180"],
        ["0015550104180", "+15550104180"],
        ["%2B4420", "+4420"],
        ["+442079460018", "+442079460018"],
        ["5551234", "5551234"],
        ["02079460018", "02079460018"],
        ["1234567890123456", "1234567890123456"],
      ]
    ) {
      const message = alice.sendAuthenticated(`MESSAGE sip:${dialled}@sip.local SIP/2.0`);
      const arrived = trunk.expect(`MESSAGE sip:${number}@${TRUNK} SIP/2.0`);
      const isChanged = !["%2B4420", number].includes(dialled);
      assert.equal(uriIn(header(arrived, "To")), `sip:${isChanged ? number : dialled}@sip.local`);
      assert.deepEqual(headers(arrived, "P-Asserted-Identity"), [`<sip:+${NUMBER}@${TRUNK}>`]);
      trunk.answer(arrived, "200 OK");
      const answer = expectOwn(alice.expect("200"), message);
      assert.equal(uriIn(header(answer, "To")), `sip:${dialled}@sip.local`);
      assert.match(header(answer, "To"), />;tag=tag-at-/);
    }
    alice.sendAuthenticated("MESSAGE tel:1-555-010-4180 SIP/2.0");
    assert.equal(
      uriIn(header(trunk.expect(`MESSAGE sip:+15550104180@${TRUNK} SIP/2.0`), "To")),
      "tel:+15550104180",
    );
  }),
);

Deno.test(
  "spec.ex_convertTelToE164: calls in come from +E.164, and go on as they began",
  ladder(CONVERTED, (net) => {
    const bob = net.registered("bob");
    const trunk = net.phone("442079460018", { address: TRUNK, domain: TRUNK });
    const invite = trunk.send(
      `INVITE sip:${NUMBER}@192.0.2.1 SIP/2.0\nContact: <${trunk.uri}>\n` +
        `From: "Caller" <sip:442079460018;cpc=payphone@${TRUNK};user=phone>;tag=tag-of-442079460018`,
    );
    trunk.expect("100");
    const arrived = bob.expect("INVITE ");
    assert.equal(
      header(arrived, "From"),
      `"Caller" <sip:+442079460018;cpc=payphone@${TRUNK};user=phone>;tag=tag-of-442079460018`,
    );
    assert.equal(uriIn(header(arrived, "To")), `sip:+${NUMBER}@192.0.2.1`);
    const accepted = bob.accept(arrived);
    const ok = expectOwn(trunk.expect("200"), invite);
    trunk.send(fromCaller("ACK", { invite, ok }));
    assert.equal(header(bob.expect("ACK "), "From"), header(arrived, "From"));
    const bye = bob.send(fromCallee("BYE", { invite: arrived, ok: accepted }));
    const byeAtTrunk = trunk.expect("BYE ");
    trunk.answer(byeAtTrunk, "200 OK");
    expectOwn(bob.expect("200"), bye);
  }),
);

Deno.test(
  "Unless it is set, numbers go on as they are written",
  ladder(WORLD, (net) => {
    const alice = net.phone("alice");
    const trunk = trunkOf(net);
    alice.sendAuthenticated("MESSAGE sip:15550104180@sip.local SIP/2.0");
    assert.equal(
      uriIn(header(trunk.expect(`MESSAGE sip:15550104180@${TRUNK} SIP/2.0`), "To")),
      "sip:15550104180@sip.local",
    );
  }),
);
