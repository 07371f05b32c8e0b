import assert from "node:assert/strict";
import { withoutSecrets } from "../../../src/runtime/log_secrets.ts";

const TOKEN = "eyJhbGciOiJIUzUxMiJ9.eyJzdWIiOiJhZG1pbiJ9.q-3_Zw";

Deno.test("Tokens and passwords are taken out, and what is around them stays", () => {
  const table: [text: string, tidy: string][] = [
    [`GET /api/agents?token=${TOKEN}&page=2`, "GET /api/agents?token=…&page=2"],
    ["/agents?access_token=abc", "/agents?access_token=…"],
    ["/agents?TOKEN=abc#x", "/agents?TOKEN=…#x"],
    ['"/agents?token=abc"', '"/agents?token=…"'],
    ["(/agents?token=abc)", "(/agents?token=…)"],
    [`/agents?%74oken=${TOKEN}`, "/agents?%74oken=…"],
    [`got ${TOKEN}.`, "got …."],
    ["Authorization: Basic YWRtaW46Y2hhbmdlaXQ=", "Authorization: Basic …"],
    [`authorization: bearer ${TOKEN}`, "authorization: bearer …"],
    ["redis://:pa55@h:6379/0", "redis://:…@h:6379/0"],
    ["http://user:p@55@h/x", "http://user:…@h/x"],
    ["INVITE sip:alice:pa55@h;transport=udp", "INVITE sip:alice:…@h;transport=udp"],
    ["SIPS:alice:pa55@h", "SIPS:alice:…@h"],
  ];
  for (const [text, tidy] of table) assert.equal(withoutSecrets(text), tidy);
});

Deno.test("What is no secret is left as it is", () => {
  const table = [
    "sip:1001@sip.local registered sip:1001@[2001:db8::1]:5060;transport=udp for 3600 seconds",
    "REST service on https://0.0.0.0:4567/api",
    "https://[::1]:4567/a@b",
    "http://h/x: cannot read user@h",
    "Basic or Bearer: no credentials",
    "sip:h:5060",
    "tokens expire",
    "eyJ.eyJ",
  ];
  for (const text of table) assert.equal(withoutSecrets(text), text);
});
