/** Usernames with characters that have a meaning in URIs: escaped there, as they are in digests (§19.1.2, §22.4). */
import assert from "node:assert/strict";
import { addressOfRecord } from "../../src/message/sip_uri.ts";
import { agent, did, domain, gateway, peer } from "../support/resources.ts";
import { ladder, type LadderOptions, type ResourceDocument, SERVER } from "../support/scenario.ts";
import { fromCaller, header, parameter, uriIn } from "../support/sip_text.ts";
import { TRUNK, trunkOf } from "../support/trunk.ts";

const NAMES = ["ann@example.com", "o'neil (home)", 'say "hi"', "a/b\\c", "100%", "<#>", "jörg@büro"];
const NUMBER = "17066041487";

function world(username: string, ...more: ResourceDocument[]): LadderOptions {
  const user = encodeURIComponent(username);
  return {
    domains: [],
    agents: [],
    spec: { recordRoute: true },
    resources: [
      domain("sip.local", { egressPolicy: { rule: "\\+?\\d+", didRef: "DID0001" } }),
      agent(username),
      agent("bob"),
      peer("ast@office", { device: "astserver" }),
      ...more,
      gateway("GW0001", TRUNK, {
        credentials: { username: "trunk@provider.example", secret: "trunk-secret" },
        sendRegister: false,
      }),
      did("DID0001", { gwRef: "GW0001", telUrl: `tel:${NUMBER}`, aorLink: `sip:${user}@sip.local` }),
    ],
  };
}

for (const username of NAMES) {
  Deno.test(
    `An agent called ${username} registers, is called, calls, and is called by its number`,
    ladder(world(username), (net) => {
      const ann = net.phone(username, { address: "192.0.2.30" });
      const registered = ann.register();
      assert.equal(uriIn(header(registered, "Contact")), ann.uri);
      const bob = net.registered("bob");
      const aor = uriIn(header(registered, "To"));
      bob.sendAuthenticated(`MESSAGE ${aor} SIP/2.0`);
      ann.expect(`MESSAGE ${ann.uri} SIP/2.0`);
      trunkOf(net).send(`MESSAGE sip:${NUMBER}@${SERVER} SIP/2.0`);
      ann.expect(`MESSAGE ${ann.uri} SIP/2.0`);
      const invite = ann.invite("sip:bob@sip.local");
      const arrived = bob.expect("INVITE ");
      assert.equal(uriIn(header(arrived, "From")), aor);
      bob.accept(arrived);
      const ok = ann.expect("200");
      ann.send(fromCaller("BYE", { invite, ok, cseq: 50 }));
      bob.expect("BYE ");
      assert.equal(net.server.evict(addressOfRecord(username, "sip.local")), true);
    }),
  );
}

Deno.test(
  "An e-mail address as username: From and Contact stay escaped towards a gateway, whose own username is not in digests",
  ladder(world("ann@example.com"), (net) => {
    const ann = net.phone("ann@example.com", { address: "192.0.2.30" });
    const trunk = trunkOf(net);
    ann.invite("sip:+4420@sip.local");
    const arrived = trunk.expect("INVITE ");
    assert.equal(uriIn(header(arrived, "From")), `sip:ann%40example.com@${TRUNK}`);
    trunk.answer(arrived, "407 Proxy Authentication Required", {
      lines: 'Proxy-Authenticate: Digest realm="provider", nonce="n1"',
    });
    trunk.expect("ACK ");
    const again = trunk.expect("INVITE ");
    assert.equal(parameter(header(again, "Proxy-Authorization"), "username"), "trunk@provider.example");
  }),
);

Deno.test(
  "A peer called ast@office registers and is called by its device; one whose name begins another is not in its way",
  ladder(world("ann@example.com", peer("ann")), (net) => {
    const ast = net.registered("ast@office", {
      address: "192.0.2.20",
      domain: "astserver",
      registrar: SERVER,
    });
    const ann = net.registered("ann@example.com", { address: "192.0.2.30" });
    ann.sendAuthenticated("MESSAGE sip:ast%40office@astserver SIP/2.0");
    ast.expect(`MESSAGE ${ast.uri} SIP/2.0`);
    ast.sendAuthenticated("MESSAGE sip:ann%40example.com@sip.local SIP/2.0");
    ann.expect(`MESSAGE ${ann.uri} SIP/2.0`);
    net.replace(world("ann@example.com"));
    ast.sendAuthenticated("MESSAGE sip:ann%40example.com@sip.local SIP/2.0");
    ann.expect(`MESSAGE ${ann.uri} SIP/2.0`);
  }),
);
