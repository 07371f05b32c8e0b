import assert from "node:assert/strict";
import { SignedTokens } from "../../../../src/core/proxy/signed_tokens.ts";

const SIGNED = {
  token: "0123456789abcdef.a0-1.a0-2",
  callId: "call",
  callerTag: "tag",
  isSecure: false,
  caller: "a0-1",
  callee: "a0-2",
  annotations: "",
};

Deno.test("SignedTokens finds a whole token in its dialog, and nothing else", () => {
  const tokens = new SignedTokens();
  assert.equal(tokens.find(SIGNED.token, "call", false), undefined);
  tokens.remember(SIGNED);
  assert.deepEqual(tokens.find(SIGNED.token, "call", false), SIGNED);
  assert.equal(tokens.find(SIGNED.token, "call", true), undefined);
  assert.equal(tokens.find(SIGNED.token, "other", false), undefined);
  assert.equal(tokens.find(SIGNED.token.slice(1), "call", false), undefined);
  assert.equal(tokens.find(`${SIGNED.token}.`, "call", false), undefined);
  assert.equal(tokens.find("", "call", false), undefined);
});

Deno.test("SignedTokens remembers the later one of two in a dialog", () => {
  const tokens = new SignedTokens();
  tokens.remember(SIGNED);
  tokens.remember({ ...SIGNED, token: "0000000000000000.a0-1.a0-3", callee: "a0-3" });
  assert.equal(tokens.find(SIGNED.token, "call", false), undefined);
  assert.equal(tokens.find("0000000000000000.a0-1.a0-3", "call", false)?.callee, "a0-3");
});

Deno.test("SignedTokens remembers no more than some thousand, and nothing that is long", () => {
  const tokens = new SignedTokens();
  const count = 20_000;
  for (let i = 0; i < count; i++) tokens.remember({ ...SIGNED, callId: `${i}@192.0.2.1` });
  let found = 0;
  for (let i = 0; i < count; i++) if (tokens.find(SIGNED.token, `${i}@192.0.2.1`, false)) found++;
  assert.ok(found > 3000 && found <= 4096, `${found}`);
  for (let i = count - 100, lost = 0; i < count; i++) {
    if (!tokens.find(SIGNED.token, `${i}@192.0.2.1`, false)) lost++;
    assert.ok(lost < 10);
  }
  const callId = "x".repeat(600);
  assert.equal(tokens.remember({ ...SIGNED, callId }).callId, callId);
  assert.equal(tokens.find(SIGNED.token, callId, false), undefined);
});
