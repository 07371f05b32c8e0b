import assert from "node:assert/strict";
import { resourceRefs } from "../../../src/data/generated_ref.ts";
import { xxh32 } from "../../../src/data/xxh32.ts";

Deno.test("xxh32() gives the published test values", () => {
  const table: [text: string, seed: number, hash: number][] = [
    ["", 0, 0x02cc5d05],
    ["a", 0, 0x550d7456],
    ["abc", 0, 0x32d153ff],
    ["Nobody inspects the spammish repetition", 0, 0xe2293b2f],
  ];
  for (const [text, seed, hash] of table) assert.equal(xxh32(new TextEncoder().encode(text), seed), hash);
});

Deno.test("resourceRefs() makes up the names that both generations of Routr v1 did", () => {
  const table: [prefix: string, key: string, ref: string, otherRef: string][] = [
    ["gw", "sip.provider.net", "gweef506", "gw50a1a4ca"],
    ["dd", "tel:0000000000", "dd50baa4", "dd76afc94b"],
    ["ag", "1001sip.local", "ag3f77f6", "agc300a1c6"],
  ];
  for (const [prefix, key, ref, otherRef] of table) {
    assert.deepEqual(resourceRefs(undefined, prefix, key), { ref, otherRef });
  }
});

Deno.test("resourceRefs() keeps a ref that is given", () => {
  assert.deepEqual(resourceRefs("GW0001", "gw", "sip.provider.net"), { ref: "GW0001", otherRef: undefined });
});

Deno.test("resourceRefs() keeps both names of a document that was written back with its generated ref", () => {
  const refs = resourceRefs(undefined, "gw", "sip.provider.net");
  assert.deepEqual(resourceRefs(refs.ref, "gw", "sip.provider.net"), refs);
});
