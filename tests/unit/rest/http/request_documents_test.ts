/** Costly documents delay nobody else, and are answered with a clear message. */
import assert from "node:assert/strict";
import { RequestDocuments } from "../../../../src/rest/http/request_documents.ts";

/** Long enough for a busy machine; reading these documents in one go takes seconds to a minute. */
const MAX_PAUSE_MS = 1500;

const documents = new RequestDocuments();

function read(body: BodyInit, type: string) {
  const request = new Request("http://localhost/", {
    method: "POST",
    body,
    headers: { "content-type": type },
  });
  return documents.read(request, { isUpload: true });
}

/** Returns the longest time in which nothing else could run on this thread. */
async function longestPause(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let last = performance.now();
  const look = () => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  };
  const timer = setInterval(look, 5);
  try {
    await work();
  } finally {
    look();
    clearInterval(timer);
  }
  return longest;
}

function mapping(size: number): string {
  return `{${Array.from({ length: size }, (_, i) => `k${i}: 1`).join(", ")}}`;
}

const JSON_TYPE = "application/json";
const YAML_TYPE = "application/yaml";

const HARMFUL: readonly [what: string, status: number, message: RegExp, type: string, body: string][] = [
  ["opening brackets", 400, /nested deeper than 64 levels/, JSON_TYPE, "[".repeat(500_000)],
  ["nested lists", 400, /nested deeper/, JSON_TYPE, "[".repeat(500_000) + "]".repeat(500_000)],
  ["nested objects", 400, /nested deeper/, JSON_TYPE, '{"a":'.repeat(150_000) + "1" + "}".repeat(150_000)],
  ["one object of many properties", 413, /Item 1 .* more than 262144/, JSON_TYPE, manyProperties()],
  ["a number without end", 400, /number too large/, JSON_TYPE, '[{"a": 1e999}]'],
  ["a long number", 400, /number too large/, JSON_TYPE, `[${"9".repeat(900_000)}]`],
  ["__proto__", 400, /__proto__/, JSON_TYPE, `[{"__proto__": {"a": 1}}, "${"x".repeat(50_000)}"]`],
  ["a fault at the end", 400, /line 1, column 1000002/, JSON_TYPE, `[${"1,".repeat(500_000)}`],
  ["a long scalar", 413, /Item 1/, YAML_TYPE, `a: ${"x".repeat(15_000_000)}`],
  ["a long key", 413, /Item 1/, YAML_TYPE, `${"k".repeat(3_000_000)}: 1`],
  [
    "many anchors of one merge key",
    400,
    /repeated/,
    YAML_TYPE,
    `- &a ${mapping(1000)}\n- <<: [${"*a, ".repeat(20_000)}*a]`,
  ],
  ["many merge keys", 400, /repeated/, YAML_TYPE, `- &a ${mapping(50)}\n${"- <<: *a\n".repeat(20_000)}`],
  [
    "one merge key many times",
    400,
    /for the second time/,
    YAML_TYPE,
    `- &a {k: 1}\n- b: 1\n${"  <<: *a\n".repeat(20_000)}`,
  ],
  ["__proto__ by a merge key", 400, /__proto__/, YAML_TYPE, `- &a {__proto__: {b: 1}}\n- <<: *a\n`],
  ["unknown tags", 400, /exclamation mark/, YAML_TYPE, "- !x a\n".repeat(200_000)],
  ["nested flow lists", 400, /nested/, YAML_TYPE, "[".repeat(500_000)],
  ["nested dashes", 400, /nested/, YAML_TYPE, "- ".repeat(20_000) + "a"],
  ["a fault behind many lines", 400, /line 200001/, YAML_TYPE, `${"- a: 1\n".repeat(200_000)}b: [`],
  ["many parts", 400, /more than 100 parts/, "multipart/form-data; boundary=b", form(10_000)],
];

function manyProperties(): string {
  return JSON.stringify(Object.fromEntries(Array.from({ length: 60_000 }, (_, i) => [`k${i}`, i])));
}

function form(parts: number): string {
  const part = '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n';
  return `${part.repeat(parts)}--b--\r\n`;
}

Deno.test("costly documents are refused without delaying anything else", async (t) => {
  // Starts the thread.
  await read(`- a: ${"x".repeat(10_000)}`, YAML_TYPE);
  for (const [what, status, message, type, body] of HARMFUL) {
    await t.step(what, async () => {
      const pause = await longestPause(() => assert.rejects(read(body, type), { status, message }));
      assert.ok(pause < MAX_PAUSE_MS, `nothing else ran for ${Math.round(pause)} ms`);
    });
  }
  await t.step("many good documents", async () => {
    const body = Array.from({ length: 20_000 }, (_, i) => `- {name: n${i}, spec: {domains: [sip.local]}}\n`);
    const pause = await longestPause(async () => {
      const { value } = await read(body.join(""), YAML_TYPE);
      assert.equal((value as unknown[]).length, 20_000);
    });
    assert.ok(pause < MAX_PAUSE_MS, `nothing else ran for ${Math.round(pause)} ms`);
  });
  documents[Symbol.dispose]();
});

Deno.test("documents that are sent at the same time are read one after the other", async () => {
  using several = new RequestDocuments();
  const bodies = [1, 2, 3].map((each) => `- n: "${each}"\n- ${"x".repeat(10_000)}`);
  const values = await Promise.all(bodies.map(async (body) => {
    const headers = { "content-type": YAML_TYPE };
    const { value } = await several.read(
      new Request("http://localhost/", { method: "POST", body, headers }),
      {
        isUpload: true,
      },
    );
    return (value as { n: string }[])[0].n;
  }));
  assert.deepEqual(values, ["1", "2", "3"]);
});
