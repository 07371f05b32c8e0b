import assert from "node:assert/strict";
import { GatewayRealms } from "../../../../src/core/trunk/gateway_realms.ts";
import { gateway } from "./gateways.ts";

Deno.test("Until a realm is learned, any realm that the gateway asks for is its own", () => {
  const realms = new GatewayRealms();
  assert.equal(realms.accepts(gateway(), "asterisk"), true);
});

Deno.test("CVE-2021-41158: once it took credentials for a realm, others are refused", () => {
  const realms = new GatewayRealms();
  const provider = gateway();
  realms.learn(provider, "asterisk");
  assert.equal(realms.accepts(provider, "asterisk"), true);
  assert.equal(realms.accepts(provider, "victim.example"), false);
  assert.equal(realms.accepts(provider, "Asterisk"), false);
  realms.learn(provider, "second");
  assert.equal(realms.accepts(provider, "asterisk"), true);
  assert.equal(realms.accepts(provider, "second"), true);
});

Deno.test("The names of the gateway and of its registries are always its realms, in any case", () => {
  const realms = new GatewayRealms();
  const provider = gateway({ registries: ["backup.provider.com:5080", "[2001:db8::1]"] });
  realms.learn(provider, "asterisk");
  for (const realm of ["sip.provider.com", "SIP.Provider.COM", "backup.provider.com", "[2001:db8::1]"]) {
    assert.equal(realms.accepts(provider, realm), true, realm);
  }
  assert.equal(realms.accepts(provider, "provider.com"), false);
});

Deno.test("Realms of the configuration are the gateway's, too", () => {
  const realms = new GatewayRealms();
  const provider = gateway({ realms: ["calls.example"] });
  realms.learn(provider, "asterisk");
  assert.equal(realms.accepts(provider, "calls.example"), true);
  assert.equal(realms.accepts(provider, "victim.example"), false);
});

Deno.test("Realms that the configuration has hashes for are the gateway's, too", () => {
  const realms = new GatewayRealms();
  const ha1 = { realm: "hashed.example", md5: "0123456789abcdef0123456789abcdef" };
  const provider = gateway({ credentials: { username: "trunk", ha1 } });
  realms.learn(provider, "asterisk");
  assert.equal(realms.accepts(provider, "hashed.example"), true);
  assert.equal(realms.accepts(provider, "victim.example"), false);
});

Deno.test("What one gateway has taught says nothing of another, nor of the same one changed", () => {
  const realms = new GatewayRealms();
  const provider = gateway();
  realms.learn(provider, "asterisk");
  assert.equal(realms.accepts(gateway({}, "GW2"), "victim.example"), true);
  assert.equal(realms.accepts(gateway({ expires: 600 }), "new-realm"), true);
});

Deno.test("A gateway that has ever new realms is remembered with the first few", () => {
  const realms = new GatewayRealms();
  const provider = gateway();
  for (let i = 0; i < 100; i++) realms.learn(provider, `realm-${i}`);
  assert.equal(realms.accepts(provider, "realm-0"), true);
  assert.equal(realms.accepts(provider, "realm-7"), true);
  assert.equal(realms.accepts(provider, "realm-8"), false);
});
