import assert from "node:assert/strict";

/** Repeats a question until its answer is true; fails after some seconds. */
export async function until(condition: () => Promise<boolean>, milliseconds = 5_000): Promise<void> {
  const end = performance.now() + milliseconds;
  while (!await condition()) {
    assert.ok(performance.now() < end, `It is not so after ${milliseconds} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
