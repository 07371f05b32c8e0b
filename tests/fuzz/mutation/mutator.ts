/** Structure-aware mutation of a message: mostly its rows and their values, seldom its bytes. */
import type { Random } from "../../support/random.ts";
import { readDraft, writeDraft } from "../message/draft.ts";
import { MESSAGE_MUTATIONS } from "./message_mutations.ts";
import { oddRun, PIECES } from "./odd_values.ts";
import { ROW_MUTATIONS } from "./row_mutations.ts";

/** Characters of the longest message. */
const MAX_LENGTH = 60_000;

/** Returns a text with one mutation, or several; they may take rows of `others`. */
export function mutate(text: string, random: Random, others: readonly string[]): string {
  const draft = readDraft(text);
  for (let count = random.one([1, 1, 1, 1, 2, 4]); count > 0; count--) {
    const mutations = random.chance(0.75) ? ROW_MUTATIONS : MESSAGE_MUTATIONS;
    random.one(mutations)(draft, random, others);
  }
  const mutated = writeDraft(draft);
  return (random.chance(0.04) ? damageBytes(mutated, random) : mutated).slice(0, MAX_LENGTH);
}

function damageBytes(text: string, random: Random): string {
  const at = random.below(text.length + 1);
  return random.one([
    () => text.slice(0, at),
    () => text.slice(0, at) + random.one(PIECES) + text.slice(at),
    () => text.slice(0, at) + oddRun(random) + text.slice(at),
    () => text.slice(0, at) + text.slice(at + 1 + random.below(30)),
    () => text.replaceAll("\r\n", "\n"),
    () => text.slice(0, text.indexOf("\r\n\r\n") + 2),
  ])();
}
