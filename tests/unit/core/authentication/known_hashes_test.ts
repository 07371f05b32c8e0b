import assert from "node:assert/strict";
import { KnownHashes } from "../../../../src/core/authentication/known_hashes.ts";
import { NO_HA1 } from "../../../../src/data/ha1.ts";

const account = () => ({ username: "alice", secret: "ecila", ha1: NO_HA1 });

Deno.test("KnownHashes finds a hash by account, algorithm and realm", () => {
  const hashes = new KnownHashes();
  const [alice, other] = [account(), account()];
  hashes.remember(alice, { algorithm: "MD5", realm: "a", ha1: "1" });
  hashes.remember(alice, { algorithm: "SHA-256", realm: "a", ha1: "2" });
  hashes.remember(alice, { algorithm: "MD5", realm: "b", ha1: "3" });
  assert.equal(hashes.find(alice, { algorithm: "MD5", realm: "a" }), "1");
  assert.equal(hashes.find(alice, { algorithm: "SHA-256", realm: "a" }), "2");
  assert.equal(hashes.find(alice, { algorithm: "MD5", realm: "b" }), "3");
  assert.equal(hashes.find(alice, { algorithm: "SHA-256", realm: "b" }), undefined);
  assert.equal(hashes.find(other, { algorithm: "MD5", realm: "a" }), undefined);
});

Deno.test("KnownHashes remembers sixteen of an account", () => {
  const hashes = new KnownHashes();
  const alice = account();
  for (let i = 0; i < 20; i++) hashes.remember(alice, { algorithm: "MD5", realm: `${i}`, ha1: `${i}` });
  assert.equal(hashes.find(alice, { algorithm: "MD5", realm: "15" }), "15");
  assert.equal(hashes.find(alice, { algorithm: "MD5", realm: "16" }), undefined);
});
