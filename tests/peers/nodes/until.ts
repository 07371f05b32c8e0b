import assert from "node:assert/strict";

/** Asks again and again until it is so; fails after some milliseconds. */
export async function until(condition: () => Promise<boolean>, milliseconds = 5_000): Promise<void> {
  const end = performance.now() + milliseconds;
  while (!await condition()) {
    assert.ok(performance.now() < end, `It is not so after ${milliseconds} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
