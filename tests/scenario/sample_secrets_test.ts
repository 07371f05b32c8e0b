/** Agents and peers with the secret of a sample, which everybody knows, are served in local networks only. */
import assert from "node:assert/strict";
import type { Phone } from "../support/phone.ts";
import { agentDocument, peerDocument } from "../support/resources.ts";
import { ladder, type Network, type ResourceDocument } from "../support/scenario.ts";
import { ackTo } from "../support/sip_text.ts";

const SAMPLE = "1234";
const agent = (secret: string) =>
  agentDocument("1001", { credentials: { username: "1001", secret } }) as unknown as ResourceDocument;
const peer = peerDocument("ast", {
  credentials: { username: "ast", secret: "astsecret" },
}) as unknown as ResourceDocument;

const samples = { resources: [agent(SAMPLE), peer] };

function phone(net: Network, address: string, secret = SAMPLE): Phone {
  return net.phone("1001", { address, secret });
}

const LOCAL = ["127.0.0.1", "10.7.0.1", "172.20.0.3", "192.168.7.11"];

Deno.test(
  "an agent with the secret of a sample registers and calls in local networks",
  ladder(samples, (net) => {
    const alice = net.registered("alice");
    for (const address of LOCAL) {
      const local = phone(net, address);
      assert.match(local.tryRegister(), /^SIP\/2\.0 200 /);
      const invite = local.invite("sip:alice@sip.local");
      alice.answer(alice.expect("INVITE "), "486 Busy Here");
      local.sendAsIs(ackTo(invite, local.expect("486")));
      alice.takeAll();
    }
  }),
);

Deno.test(
  "an agent with the secret of a sample is refused from elsewhere, with the right password only",
  ladder(samples, (net) => {
    const events = net.listen("authentication.");
    const far = phone(net, "192.0.2.77");
    assert.match(far.tryRegister(), /^SIP\/2\.0 403 Forbidden\r\n/);
    assert.match(phone(net, "192.0.2.78", "wrong").tryRegister(), /^SIP\/2\.0 401 /);
    const invite = far.send("INVITE sip:alice@sip.local SIP/2.0");
    far.authenticate(invite, far.expect("407"));
    far.expect("403");
    assert.deepEqual(net.contactsOf("1001"), []);
    assert.deepEqual(events.map(({ data: { reason, status } }) => [status, reason]), [
      [403, "1001 has the secret of a sample, which is good in local networks only"],
      [401, "wrong password: 1001 in realm sip.local"],
      [403, "1001 has the secret of a sample, which is good in local networks only"],
    ]);
  }),
);

Deno.test(
  "a peer with the secret of a sample is refused from elsewhere",
  ladder(samples, (net) => {
    const at = (address: string) => net.phone("ast", { address, secret: "astsecret" });
    assert.match(at("192.0.2.77").tryRegister(), /^SIP\/2\.0 403 /);
    assert.match(at("192.168.7.1").tryRegister(), /^SIP\/2\.0 200 /);
  }),
);

Deno.test(
  "all others are served everywhere while an account has the secret of a sample",
  ladder(samples, (net) => assert.match(net.phone("bob").tryRegister(), /^SIP\/2\.0 200 /)),
);

Deno.test(
  "another secret is good everywhere at once",
  ladder(samples, (net) => {
    assert.match(phone(net, "192.0.2.77").tryRegister(), /^SIP\/2\.0 403 /);
    net.replace({ resources: [agent("k3jd9skq")] });
    assert.match(phone(net, "192.0.2.77", "k3jd9skq").tryRegister(), /^SIP\/2\.0 200 /);
  }),
);

Deno.test(
  "localnets, and the addresses of this host, are local networks",
  ladder({ ...samples, spec: { localnets: ["192.0.2.64/28"] } }, (net) => {
    assert.match(phone(net, "192.0.2.77").tryRegister(), /^SIP\/2\.0 200 /);
    assert.match(phone(net, "192.0.2.1").tryRegister(), /^SIP\/2\.0 200 /);
    assert.match(phone(net, "192.0.2.80").tryRegister(), /^SIP\/2\.0 403 /);
  }),
);
