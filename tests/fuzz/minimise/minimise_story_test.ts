import assert from "node:assert/strict";
import { isRestart, isSend, type Step } from "../story/step.ts";
import { minimiseStory } from "./minimise_story.ts";

function message(method: string, rows: readonly string[]): Step {
  return {
    from: "alice",
    text: `${method} sip:a@b SIP/2.0\r\n${rows.map((row) => `${row}\r\n`).join("")}\r\nbody`,
  };
}

const rows = ["Via: x", "From: y", "Subject: a fault in the middle of it", "To: z"];
const story: readonly Step[] = [
  ...Array.from({ length: 12 }, () => message("OPTIONS", rows)),
  message("REGISTER", rows),
  { passSeconds: 60 },
  message("INVITE", rows),
  message("BYE", rows),
];

function textsOf(steps: readonly Step[]): string[] {
  return steps.map((step) =>
    isSend(step) ? step.text : isRestart(step) ? "restart" : `pass ${step.passSeconds}`
  );
}

Deno.test("minimiseStory() leaves out messages, then rows, then bytes", async () => {
  const endsInFinding = (steps: readonly Step[]) => {
    const texts = textsOf(steps);
    const at = texts.findIndex((text) => text.startsWith("REGISTER"));
    const fault = texts.findIndex((text, index) => index > at && text.includes("fault"));
    return Promise.resolve(at >= 0 && fault > at && texts.indexOf("pass 60") > at);
  };
  assert.deepEqual(textsOf(await minimiseStory(story, endsInFinding, 5_000)), [
    "REGISTER",
    "pass 60",
    "fault",
  ]);
});

Deno.test("minimiseStory() stops after a number of tries, with a story that ends in the finding", async () => {
  let tries = 0;
  const endsInFinding = (steps: readonly Step[]) => {
    tries++;
    return Promise.resolve(textsOf(steps).some((text) => text.includes("fault")));
  };
  const left = await minimiseStory(story, endsInFinding, 3);
  assert.equal(tries, 3);
  assert.ok(await endsInFinding(left));
});
