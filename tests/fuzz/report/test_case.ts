/** Findings as test cases to paste, and the way back. */
import { readHoles, showHoles } from "../message/holes.ts";
import { isRestart, isSend, type Step } from "../story/step.ts";

/** Returns the source of a test that plays these steps. */
export function testCase(title: string, steps: readonly Step[], lane: number): string {
  const lines = steps.map((step) => {
    if (isRestart(step)) return "    { isRestart: true },";
    if (!isSend(step)) return `    { passSeconds: ${step.passSeconds} },`;
    const { from, text, cuts, isFrame } = step;
    const more = (cuts ? `, cuts: ${JSON.stringify(cuts)}` : "") + (isFrame ? ", isFrame: true" : "");
    return `    { from: "${from}", text: ${quoted(text)}${more} },`;
  });
  return `Deno.test(${JSON.stringify(title)}, replaying([\n${lines.join("\n")}\n], { lane: ${lane} }));`;
}

/** Returns steps whose holes are written out, as they are in a test. */
export function readSteps(steps: readonly Step[]): readonly Step[] {
  return steps.map((step) => isSend(step) ? { ...step, text: readHoles(step.text) } : step);
}

/** One line for each row, joined. */
function quoted(text: string): string {
  const lines = showHoles(text).split(/(?<=\r\n)/).map((line) => `      ${escaped(line)}`);
  return lines.length === 1 ? lines[0].trim() : `\n${lines.join(" +\n")}`;
}

function escaped(line: string): string {
  return JSON.stringify(line).replace(/[\x7f-\xff]|\\u00([0-9a-f]{2})/g, (character, digits) => {
    return `\\x${digits ?? character.charCodeAt(0).toString(16)}`;
  });
}
