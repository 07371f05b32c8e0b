import assert from "node:assert/strict";
import { unsafeSecrets } from "../../../src/appliance/unsafe_secrets.ts";
import { MemoryDirectory } from "../../../src/data/directory.ts";
import { hashOfA1 } from "../../../src/data/ha1.ts";
import { agentDocument, type Document, peerDocument, userDocument } from "../../support/resources.ts";
import { readResource, type ResourceDocument } from "../../support/scenario.ts";

function warningsOf(...documents: readonly Document[]): Promise<string[]> {
  const directory = new MemoryDirectory();
  directory.replace(documents.map((document) => readResource(document as unknown as ResourceDocument)));
  return unsafeSecrets(directory);
}

const agent = (username: string, secret: string) =>
  agentDocument(username, { credentials: { username, secret } });

const ADVICE = "Take at least 8 characters (10 digits), neither the username nor a common word";

Deno.test("one line for each kind, and for secrets of samples", async () => {
  assert.deepEqual(
    await warningsOf(
      userDocument("admin", "changeit"),
      userDocument("backend", "backend1"),
      agent("1001", "1234"),
      agent("1002", "9876"),
      agent("1003", "k3jd9skq"),
      peerDocument("ast"),
    ),
    [
      '1 user with the secret of a sample, which everybody knows: "admin". The REST service is open to this host only ' +
      "until it is changed",
      `1 user with a secret that is soon guessed: "backend". ${ADVICE}`,
      '1 agent with the secret of a sample, which everybody knows: "1001". They are served in local networks only ' +
      "until it is changed",
      `1 agent with a secret that is soon guessed: "1002". ${ADVICE}`,
      '1 peer with the secret of a sample, which everybody knows: "ast". They are served in local networks only until ' +
      "it is changed",
    ],
  );
  assert.deepEqual(await warningsOf(agent("1003", "k3jd9skq"), userDocument("admin", "k3jd9skq")), []);
});

Deno.test("of a hundred thousand accounts three are named", async () => {
  const accounts = Array.from({ length: 100_000 }, (_, i) => ({
    kind: "Agent",
    username: String(100_000 + i),
    secret: String(100_000 + i),
    ha1: [],
  }));
  const directory = { resources: (kind: string) => kind === "Agent" ? accounts : [] };
  assert.deepEqual(await unsafeSecrets(directory as unknown as MemoryDirectory), [
    `100000 agents with a secret that is soon guessed: "100000", "100001", "100002" and 99997 more. ${ADVICE}`,
  ]);
});

Deno.test("an administrator with the secret of the samples is found by hashes too; other hashes do not tell", async () => {
  const hashed = (secret: string) => {
    const ha1 = { md5: hashOfA1("MD5", { username: "admin", realm: "routr", secret }) };
    return { ...userDocument("admin"), spec: { credentials: { username: "admin", ha1 } } };
  };
  assert.match(
    (await warningsOf(hashed("changeit"))).join("\n"),
    /^1 user with the secret of a sample.*"admin"/,
  );
  assert.deepEqual(await warningsOf(hashed("admin")), []);
});
