/** Secrets in their three forms: plain, hashed, and as variables of the environment. */
import assert from "node:assert/strict";
import { formatPath } from "../../../src/data/fault.ts";
import { hashOfA1 } from "../../../src/data/ha1.ts";
import { type Kind, readResource, type Resource } from "../../../src/data/resource.ts";
import { isSecretOf, type User } from "../../../src/data/user.ts";
import {
  agentDocument,
  type Document,
  gatewayDocument,
  peerDocument,
  userDocument,
} from "../../support/resources.ts";
import { resourceOf } from "./sources.ts";

const MD5 = "0123456789abcdef0123456789ABCDEF";
const SHA256 = MD5 + MD5;

function agent(credentials: Document, spec: Document = {}): Document {
  return agentDocument("1001", { credentials: { username: "1001", ...credentials }, ...spec });
}

/** Returns `property found | expected` for each problem. */
function problemsOf(document: Document, kind: Kind = "Agent"): string[] {
  return (readResource(kind, document).problems ?? []).map(({ path, found, expected }) =>
    `${formatPath(path)} ${found} | ${expected}`
  );
}

function ha1Of(document: Document, kind: Kind = "Agent") {
  const resource = resourceOf(kind, document) as Extract<Resource, { secret: unknown }>;
  assert.equal(resource.secret, undefined);
  return resource.ha1;
}

/** Sets variables while `body` runs. */
function withEnvironment(variables: Readonly<Record<string, string>>, body: () => void): void {
  for (const [name, value] of Object.entries(variables)) Deno.env.set(name, value);
  try {
    body();
  } finally {
    for (const name of Object.keys(variables)) Deno.env.delete(name);
  }
}

Deno.test("credentials have hashes in the place of the secret, a single mapping for a list of one", () => {
  const md5 = MD5.toLowerCase();
  const sha256 = SHA256.toLowerCase();
  const both = [{ realm: "sip.local", md5, sha256 }];
  assert.deepEqual(ha1Of(agent({ ha1: [{ realm: "sip.local", md5: MD5, sha256: SHA256 }] })), both);
  assert.deepEqual(ha1Of(agent({ ha1: { realm: "sip.local", MD5, "SHA-256": SHA256 } })), both);
  assert.deepEqual(ha1Of(agent({ ha1: { realm: "sip.local", Md5: MD5, Sha256: SHA256 } })), both);
  assert.deepEqual(ha1Of(agent({ ha1: [{ realm: "a", md5 }, { realm: "b", sha256 }] })), [
    { realm: "a", md5, sha256: undefined },
    { realm: "b", md5: undefined, sha256 },
  ]);
});

Deno.test("accounts with a secret share one empty list of hashes", () => {
  const [a, b] = ["1001", "1002"].map((name) => resourceOf("Agent", agentDocument(name)));
  assert.ok(a.kind === "Agent" && b.kind === "Agent");
  assert.equal(a.ha1, b.ha1);
  assert.deepEqual(a.ha1, []);
});

Deno.test("the realm of hashes may be left out where it is clear", () => {
  const ha1 = [{ md5: MD5 }];
  const credentials = { username: "x", ha1 };
  const realmOf = (document: Document, kind: Kind) => ha1Of(document, kind)[0].realm;
  assert.equal(realmOf(agent({ ha1 }, { domains: ["SIP.local", "sip.local"] }), "Agent"), "sip.local");
  assert.equal(realmOf(peerDocument("x", { credentials, device: "AstServer" }), "Peer"), "astserver");
  assert.equal(realmOf(peerDocument("x", { credentials, device: "2001:db8::1" }), "Peer"), "[2001:db8::1]");
  assert.equal(realmOf({ ...userDocument("x"), spec: { credentials } }, "User"), "routr");

  const problem = "spec.credentials.ha1[0].realm missing | the realm that the hashes were made for";
  assert.deepEqual(problemsOf(agent({ ha1 }, { domains: ["a.local", "b.local"] })), [problem]);
  assert.deepEqual(problemsOf(peerDocument("x", { credentials }), "Peer"), [problem]);
  assert.deepEqual(problemsOf(gatewayDocument("GW1", { credentials }), "Gateway"), [problem]);
});

Deno.test("credentials have either a secret or hashes", () => {
  const ha1 = { realm: "sip.local", md5: MD5 };
  const missing = "spec.credentials.secret missing | the agent's secret, or ha1";
  assert.deepEqual(problemsOf(agent({})), [missing]);
  assert.deepEqual(problemsOf(agent({ ha1: [] })), [missing]);
  assert.deepEqual(problemsOf(agent({ secret: "1234", ha1 })), [
    "spec.credentials.ha1 there beside secret | either secret or ha1",
  ]);
});

Deno.test("what is wrong with hashes is told without showing them", () => {
  const digits = (count: number) => `${count} hexadecimal digits, the hash of username:realm:secret`;
  const md5 = "spec.credentials.ha1[0].md5";
  const table: [unknown, string][] = [
    [[{ md5: "hunter2" }], `${md5} a hidden value | ${digits(32)}`],
    [{ md5: "hunter2" }, `${md5} a hidden value | ${digits(32)}`],
    [[{ md5: `${MD5} ` }], `${md5} a hidden value | ${digits(32)}`],
    [[{ md5: SHA256 }], `${md5} a hidden value | ${digits(32)}`],
    [[{ sha256: MD5 }], `spec.credentials.ha1[0].sha256 a hidden value | ${digits(64)}`],
    [[{ md5: [MD5] }], `${md5} a list | ${digits(32)}`],
    [[{ realm: "x" }], `${md5} missing | md5 or sha256, the hash of username:realm:secret`],
    [MD5, "spec.credentials.ha1[0] a hidden value | a mapping"],
    [
      [{ md5: MD5, sha512: "x" }],
      "spec.credentials.ha1[0].sha512 not a known property | one of realm, md5, sha256",
    ],
    [[{ md5: MD5, MD5 }], "spec.credentials.ha1[0].MD5 not a known property | one of realm, md5, sha256"],
    [
      [{ md5: MD5 }, { realm: "sip.local", md5: MD5 }],
      "spec.credentials.ha1[1].md5 there again | one hash for each realm and algorithm",
    ],
  ];
  for (const [ha1, expected] of table) assert.deepEqual(problemsOf(agent({ ha1 })), [expected]);
});

Deno.test("${NAME} is the value of an environment variable, in secrets and in hashes", () => {
  withEnvironment({ ROUTR_TEST_SECRET: "from outside", ROUTR_TEST_MD5: MD5 }, () => {
    const reading = resourceOf("Agent", agent({ secret: "${ROUTR_TEST_SECRET}" }));
    assert.equal(reading.kind === "Agent" && reading.secret, "from outside");
    assert.equal(ha1Of(agent({ ha1: { md5: "${ROUTR_TEST_MD5}" } }))[0].md5, MD5.toLowerCase());
    assert.deepEqual(problemsOf(agent({ ha1: { sha256: "${ROUTR_TEST_MD5}" } })), [
      "spec.credentials.ha1[0].sha256 ${ROUTR_TEST_MD5}, which holds something else | " +
      "64 hexadecimal digits, the hash of username:realm:secret",
    ]);
  });
});

Deno.test("a variable that is not set, or empty, is a fault", () => {
  const expected = "an environment variable that is set";
  const document = agent({ secret: "${ROUTR_TEST_SECRET}" });
  const property = "spec.credentials.secret ${ROUTR_TEST_SECRET}";
  assert.deepEqual(problemsOf(document), [`${property}, which is not set | ${expected}`]);
  withEnvironment({ ROUTR_TEST_SECRET: "" }, () => {
    assert.deepEqual(problemsOf(document), [`${property}, which is empty | ${expected}`]);
  });
});

Deno.test("other dollars and braces stand for themselves, and $${X} for the text ${X}", () => {
  const table = [
    ["$${HOME}", "${HOME}"],
    ["$$${HOME}", "$${HOME}"],
    ["a${HOME}", "a${HOME}"],
    ["${HOME}b", "${HOME}b"],
    ["${HOME}${HOME}", "${HOME}${HOME}"],
    ["$HOME", "$HOME"],
    ["${}", "${}"],
    ["${a=b}", "${a=b}"],
    ["$", "$"],
    ["$$", "$$"],
  ];
  for (const [written, expected] of table) {
    const resource = resourceOf("Agent", agent({ secret: written }));
    assert.equal(resource.kind === "Agent" && resource.secret, expected, written);
  }
});

function user(credentials: Document): User {
  const document = { ...userDocument("admin"), spec: { credentials: { username: "admin", ...credentials } } };
  return resourceOf("User", document) as User;
}

Deno.test("isSecretOf() knows a user's password by the secret or by its hashes", () => {
  const account = { username: "admin", realm: "routr", secret: "s3cret" };
  const md5 = hashOfA1("MD5", account);
  const sha256 = hashOfA1("SHA-256", account);
  const users = [
    { secret: "s3cret" },
    { ha1: { md5 } },
    { ha1: { sha256 } },
    { ha1: [{ md5, sha256 }] },
    { ha1: [{ realm: "elsewhere", md5: hashOfA1("MD5", { ...account, realm: "elsewhere" }) }] },
  ];
  for (const credentials of users) {
    assert.equal(isSecretOf(user(credentials), "s3cret"), true);
    for (const wrong of ["", "s3cre", "s3cret ", "S3cret", md5, sha256]) {
      assert.equal(isSecretOf(user(credentials), wrong), false, wrong);
    }
  }
  assert.equal(isSecretOf(user({ ha1: { md5, sha256: SHA256 } }), "s3cret"), false);
});

Deno.test({
  name: "a variable that the server may not read is a fault that says so",
  permissions: { env: ["ROUTR_*"] },
  fn() {
    assert.deepEqual(problemsOf(agent({ secret: "${PASSWORD_OF_1001}" })), [
      "spec.credentials.secret ${PASSWORD_OF_1001}, which the server may not read | a name that --allow-env has",
    ]);
  },
});
