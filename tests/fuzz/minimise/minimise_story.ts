/** Makes a story that ends in a finding as small as it can be: fewer steps, then fewer rows, then fewer bytes. */
import { readDraft, writeDraft } from "../message/draft.ts";
import { isSend, type SendStep, type Step } from "../story/step.ts";
import { fewest } from "./delta_debugging.ts";

export type EndsInFinding = (steps: readonly Step[]) => Promise<boolean>;

/** Bytes that are left out one by one; of longer texts only pieces of it are. */
const MAX_SINGLE_BYTES = 600;

/** @param maxTries stories played at most */
export async function minimiseStory(
  steps: readonly Step[],
  endsInFinding: EndsInFinding,
  maxTries: number,
): Promise<readonly Step[]> {
  let tries = maxTries;
  const bounded: EndsInFinding = (tried) => --tries < 0 ? Promise.resolve(false) : endsInFinding(tried);
  let left = await fewest(steps, bounded);
  for (const reduce of [withFewerRows, withFewerBytes]) {
    for (let index = 0; index < left.length; index++) {
      const step = left[index];
      if (!isSend(step)) continue;
      const replaced = (text: string) => left.with(index, { ...step, text });
      left = replaced(await reduce(step, (text) => bounded(replaced(text))));
    }
  }
  return left;
}

/** Reports whether a step with this text ends in the finding still. */
type StillEnds = (text: string) => Promise<boolean>;

async function withFewerRows({ text }: SendStep, stillEnds: StillEnds): Promise<string> {
  const { start, rows, body } = readDraft(text);
  const textOf = (rows: readonly string[], body: string) => writeDraft({ start, rows: [...rows], body });
  // What is no message stays as it is.
  if (!await stillEnds(textOf(rows, body))) return text;
  const shorter = body !== "" && await stillEnds(textOf(rows, "")) ? "" : body;
  return textOf(await fewest(rows, (rows) => stillEnds(textOf(rows, shorter))), shorter);
}

async function withFewerBytes({ text }: SendStep, stillEnds: StillEnds): Promise<string> {
  const size = Math.max(1, Math.ceil(text.length / MAX_SINGLE_BYTES));
  const pieces = Array.from(
    { length: Math.ceil(text.length / size) },
    (_, i) => text.slice(i * size, (i + 1) * size),
  );
  return (await fewest(pieces, (pieces) => stillEnds(pieces.join("")))).join("");
}
