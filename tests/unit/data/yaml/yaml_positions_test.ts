import assert from "node:assert/strict";
import { YamlPositions } from "../../../../src/data/yaml/yaml_positions.ts";

const LIST = `# agents
---
- kind: Agent
  spec:
    domains: [a, b]
    credentials:
      username: x
      secret:

- kind: Agent
  spec: {domains: [a,
     bb], x: 'q'}
`;

Deno.test("YamlPositions finds values, names, and what is around something missing", async () => {
  const positions = await YamlPositions.of(LIST, 2);
  const table: [path: (string | number)[], at: "key" | "value", line: number, column: number][] = [
    [[0, "spec", "domains", 1], "value", 5, 18],
    [[0, "spec", "domains"], "key", 5, 5],
    [[0, "spec", "credentials", "secret"], "value", 8, 7],
    [[0, "spec", "credentials", "realm"], "value", 6, 5],
    [[0, "metadata"], "value", 3, 3],
    [[1, "spec", "domains", 1], "value", 12, 6],
    [[1, "spec", "x"], "key", 12, 11],
    [[1], "value", 10, 3],
  ];
  for (const [path, at, line, column] of table) {
    assert.deepEqual(positions.find(path, at), { line, column }, JSON.stringify(path));
  }
});

Deno.test("YamlPositions finds its way in a mapping, and in a list whose dashes deceive", async () => {
  const mapping = await YamlPositions.of("apiVersion: v1\nspec:\n  port: x\n");
  assert.deepEqual(mapping.find(["spec", "port"], "value"), { line: 3, column: 9 });
  const flow = await YamlPositions.of("[{a: 1},\n  {a: 2}]\n", 2);
  assert.deepEqual(flow.find([1, "a"], "value"), { line: 2, column: 7 });
});

Deno.test("YamlPositions gives the first line of the item once it has searched a thousand", async () => {
  const text = Array.from({ length: 1001 }, () => "- kind: Agent\n  spec: x\n").join("");
  const positions = await YamlPositions.of(text, 1001);
  for (let i = 0; i < 1000; i++) {
    assert.deepEqual(positions.find([i, "spec"], "value"), { line: 2 * i + 2, column: 9 });
  }
  assert.deepEqual(positions.find([1000, "spec"], "value"), { line: 2001, column: 1 });
});
