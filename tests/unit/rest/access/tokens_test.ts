import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import type { User } from "../../../../src/data/user.ts";
import { Tokens } from "../../../../src/rest/access/tokens.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { userOf, Users } from "./users.ts";

const KEY = new Uint8Array(Buffer.from("0f8fad5bd9cb469fa16570867728950e", "base64"));
const SHIPPED_KEY = new Uint8Array(Buffer.from("1ecdc765b27e4b80924f4c5deeccf590", "base64"));
const DAY_SECONDS = 86_400;
const HASHES = { HS256: "sha256", HS384: "sha384", HS512: "sha512" } as const;

const admin = userOf("admin", { secret: "sesame" });

function start(options: { lifetimeSeconds?: number; acceptsBare?: boolean; key?: Uint8Array } = {}) {
  const clock = new FakeClock();
  const users = new Users(admin);
  const more = { key: KEY, lifetimeSeconds: DAY_SECONDS, acceptsBare: false, ...options };
  const make = (changes: Partial<typeof more> = {}) =>
    new Tokens({ ...more, ...changes, user: users.find, now: () => clock.wallTime() });
  return { clock, users, make, tokens: make() };
}

/** Returns a token that is signed by `header.alg`; the algorithm `none` has no signature. */
function handmade(header: { alg: string }, payload: unknown, key = KEY): string {
  const text = [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(
    ".",
  );
  const hash = HASHES[header.alg as keyof typeof HASHES];
  const signature = hash === undefined ? "" : createHmac(hash, key).update(text).digest("base64url");
  return `${text}.${signature}`;
}

function partsOf(token: string): [header: Record<string, unknown>, payload: Record<string, unknown>] {
  const [header, payload] = token.split(".").map((part) => Buffer.from(part, "base64url").toString());
  return [JSON.parse(header), JSON.parse(payload)];
}

async function kindOf(tokens: Tokens, token: string): Promise<string> {
  const verdict = await tokens.verify(token);
  // A remembered token gets the same verdict.
  assert.deepEqual(await tokens.verify(token), verdict);
  return verdict.kind;
}

const seconds = (clock: FakeClock) => Math.floor(clock.wallTime() / 1000);

Deno.test("a token has algorithm, user, issue and expiry, and reveals nothing of the secret", async () => {
  const { tokens, clock } = start();
  const [header, { proof, ...payload }] = partsOf(await tokens.issue(admin));
  assert.deepEqual(header, { alg: "HS512" });
  assert.deepEqual(payload, { sub: "admin", iat: seconds(clock), exp: seconds(clock) + DAY_SECONDS });
  assert.match(String(proof), /^[\w-]{22}$/);
});

Deno.test("the signature is the one that Routr v1 checks", async () => {
  const token = await start().tokens.issue(admin);
  const [header, payload, signature] = token.split(".");
  assert.equal(createHmac("sha512", KEY).update(`${header}.${payload}`).digest("base64url"), signature);
});

Deno.test("a token stands for its user until it is over", async () => {
  const { tokens, clock, make } = start();
  const token = await tokens.issue(admin);
  assert.deepEqual(await tokens.verify(token), { kind: "good", user: admin });
  clock.advance(DAY_SECONDS * 1000 - 1);
  assert.equal(await kindOf(tokens, token), "good");
  clock.advance(1);
  assert.equal(await kindOf(tokens, token), "void");
  assert.equal(await kindOf(make(), token), "void", "to one that sees it for the first time");
});

Deno.test("with a lifetime of 0 tokens do not end, as long as it is so", async () => {
  const { tokens, clock, make } = start({ lifetimeSeconds: 0 });
  const token = await tokens.issue(admin);
  assert.equal(partsOf(token)[1].exp, undefined);
  clock.advance(10 * 365 * DAY_SECONDS * 1000);
  assert.equal(await kindOf(tokens, token), "good");
  assert.equal(await kindOf(make({ lifetimeSeconds: DAY_SECONDS }), token), "void");
});

Deno.test("tokens end when the user is gone, and are good again when it is back", async () => {
  const { tokens, users } = start();
  const token = await tokens.issue(admin);
  assert.equal(await kindOf(tokens, token), "good");
  users.remove("admin");
  assert.equal(await kindOf(tokens, token), "void");
  users.put(userOf("admin", { secret: "sesame" }));
  assert.equal(await kindOf(tokens, token), "good");
});

Deno.test("tokens end with the secret that they were issued for", async () => {
  const md5 = "a".repeat(32);
  const changes: [User, User][] = [
    [admin, userOf("admin", { secret: "sesame2" })],
    [admin, userOf("admin", { ha1: { md5 } })],
    [userOf("admin", { ha1: { md5 } }), userOf("admin", { ha1: { md5: "b".repeat(32) } })],
    [userOf("admin", { ha1: { md5 } }), userOf("admin", { ha1: { md5, sha256: "c".repeat(64) } })],
  ];
  for (const [before, after] of changes) {
    const { tokens, users, make } = start();
    users.put(before);
    const token = await tokens.issue(before);
    assert.equal(await kindOf(tokens, token), "good");
    users.put(after);
    assert.equal(await kindOf(tokens, token), "void");
    assert.equal(await kindOf(make(), token), "void");
    assert.equal(await kindOf(tokens, await tokens.issue(after)), "good");
  }
});

Deno.test("a token of one user with the name of another is forged, and so is one of another salt", async () => {
  const { tokens, users, make } = start();
  users.put(userOf("eve", { secret: "apple" }));
  const [header, payload] = partsOf(await tokens.issue(users.find("eve")!));
  const [, , signature] = (await tokens.issue(users.find("eve")!)).split(".");
  const [first, second] = handmade(header as { alg: string }, { ...payload, sub: "admin" }).split(".");
  assert.equal(await kindOf(tokens, `${first}.${second}.${signature}`), "forged");
  assert.equal(await kindOf(make({ key: SHIPPED_KEY }), await tokens.issue(admin)), "forged");
});

Deno.test("another algorithm than HS512 is forged, whatever its signature", async () => {
  const { tokens, make } = start();
  const [, payload] = partsOf(await tokens.issue(admin));
  assert.equal(await kindOf(tokens, handmade({ alg: "HS512" }, payload)), "good");
  for (const alg of ["none", "None", "HS256", "HS384", "RS512", ""]) {
    assert.equal(await kindOf(tokens, handmade({ alg }, payload)), "forged", alg);
    assert.equal(
      await kindOf(make({ acceptsBare: true }), handmade({ alg }, { sub: "admin" })),
      "forged",
      alg,
    );
  }
});

Deno.test("a malformed token counts as forged", async () => {
  const { tokens } = start();
  const good = await tokens.issue(admin);
  for (
    const text of [
      "",
      ".",
      "..",
      "a.b.c",
      `${good}x`,
      good.slice(0, -2),
      `${good}.`,
      "ä".repeat(9),
      "x".repeat(1e5),
    ]
  ) {
    assert.equal(await kindOf(tokens, text), "forged", text.slice(0, 40));
  }
});

Deno.test("claims of another type than ours are forged, even when signed", async () => {
  const { tokens } = start({ acceptsBare: true });
  const proof = partsOf(await tokens.issue(admin))[1].proof;
  const payloads = [
    [],
    "admin",
    null,
    {},
    { sub: 1 },
    { sub: ["admin"], proof },
    { sub: "admin", proof: 1 },
    {
      sub: "admin",
      proof: null,
    },
    { sub: "admin", proof, exp: "tomorrow" },
  ];
  for (const payload of payloads) {
    assert.equal(
      await kindOf(tokens, handmade({ alg: "HS512" }, payload)),
      "forged",
      JSON.stringify(payload),
    );
  }
});

Deno.test("tokens of Routr v1 are accepted only if configured", async () => {
  const { tokens, make, users } = start();
  const token = handmade({ alg: "HS512" }, { sub: "admin" });
  assert.equal(await kindOf(tokens, token), "void");
  assert.equal(await kindOf(make({ lifetimeSeconds: 0 }), token), "void");
  const lenient = make({ acceptsBare: true });
  assert.deepEqual(await lenient.verify(token), { kind: "good", user: admin });
  users.remove("admin");
  assert.equal(await kindOf(lenient, token), "void");
});

Deno.test("with the salt that everybody knows, tokens of Routr v1 are never good", async () => {
  const { tokens } = start({ acceptsBare: true, key: SHIPPED_KEY });
  assert.equal(await kindOf(tokens, handmade({ alg: "HS512" }, { sub: "admin" }, SHIPPED_KEY)), "void");
  assert.equal(await kindOf(tokens, await tokens.issue(admin)), "good");
});

Deno.test("more tokens than are remembered are all good", async () => {
  const { tokens, clock } = start();
  const issued: string[] = [];
  for (let i = 0; i < 1100; i++) {
    clock.advance(1000);
    issued.push(await tokens.issue(admin));
  }
  assert.equal(new Set(issued).size, issued.length);
  for (const token of issued) assert.equal((await tokens.verify(token)).kind, "good");
  assert.equal((await tokens.verify(issued[0])).kind, "good");
});
