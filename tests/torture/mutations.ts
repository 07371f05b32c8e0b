/** Random damage to messages, reproducible by seed. */

/** Marsaglia's xorshift, 32 bits: small, fast, and good enough to break parsers with. */
export class Random {
  #state: number;

  /** @param seed any whole number but 0 */
  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % limit;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)];
  }
}

type Mutation = (text: string, random: Random, others: readonly string[]) => string;

/** Returns a text with one to three mutations, some of them pieces of `others`. */
export function mutate(text: string, random: Random, others: readonly string[]): string {
  let mutated = text;
  for (let rounds = 1 + random.below(3); rounds > 0; rounds--) {
    mutated = random.pick(mutations)(mutated, random, others);
  }
  return mutated;
}

/** Returns a text with one damaged header value and all its line breaks, so that more stays readable. */
export function mutateValue(text: string, random: Random, others: readonly string[]): string {
  const headEnd = text.indexOf("\r\n\r\n");
  const lines = text.slice(0, headEnd).split("\r\n");
  const number = random.below(lines.length);
  const [, name, value] = /^([^:]*:)?(.*)$/s.exec(lines[number])!;
  const damaged = random.pick(valueMutations)(value, random, [headerValue(random.pick(others), random)]);
  lines[number] = (name ?? "") + damaged.replace(/[\r\n]+/g, " ");
  return lines.join("\r\n") + text.slice(headEnd);
}

function headerValue(text: string, random: Random): string {
  return random.pick(text.split("\r\n")).replace(/^[^:]*:/, "");
}

const mutations: readonly Mutation[] = [
  flipBits,
  truncate,
  duplicateLine,
  swapLines,
  insertRun,
  insertRun,
  deleteLineBreakCharacter,
  insertNull,
  deleteSpan,
  splice,
];

const valueMutations: readonly Mutation[] = [
  flipBits,
  truncate,
  insertRun,
  insertRun,
  insertNull,
  deleteSpan,
  splice,
];

function flipBits(text: string, random: Random): string {
  let flipped = text;
  for (let flips = 1 + random.below(8); flips > 0; flips--) {
    const at = random.below(text.length + 1);
    const character = String.fromCharCode(flipped.charCodeAt(at) & 255 ^ 1 << random.below(8));
    flipped = flipped.slice(0, at) + character + flipped.slice(at + 1);
  }
  return flipped;
}

function truncate(text: string, random: Random): string {
  return text.slice(0, random.below(text.length + 1));
}

function duplicateLine(text: string, random: Random): string {
  const lines = text.split("\r\n");
  const line = random.pick(lines);
  lines.splice(random.below(lines.length), 0, ...Array<string>(1 + random.below(4)).fill(line));
  return lines.join("\r\n");
}

function swapLines(text: string, random: Random): string {
  const lines = text.split("\r\n");
  const [one, other] = [random.below(lines.length), random.below(lines.length)];
  [lines[one], lines[other]] = [lines[other], lines[one]];
  return lines.join("\r\n");
}

/** Texts with and without a meaning in the grammar. */
const units = [
  ..." \t,;:=@<>\"\\%/?&+*()[]{}'0aA\x7f\x80\xff\r\n\0",
  "\r\n",
  "\r\n ",
  '\\"',
  "%00",
  "%",
  ";a=b",
  ";a",
  ", ",
  "<sip:a@b>,",
  "sip:",
  '""',
  "\xc3\xa9",
];

function insertRun(text: string, random: Random): string {
  const length = random.below(64) === 0 ? 20_000 : 1 + random.below(random.pick([2, 20, 500]));
  const at = random.below(text.length + 1);
  return text.slice(0, at) + random.pick(units).repeat(length) + text.slice(at);
}

function deleteLineBreakCharacter(text: string, random: Random): string {
  const places = Array.from(text.matchAll(/[\r\n]/g), (match) => match.index);
  if (places.length === 0) return text;
  const at = random.pick(places);
  return text.slice(0, at) + text.slice(at + 1);
}

function insertNull(text: string, random: Random): string {
  const at = random.below(text.length + 1);
  return `${text.slice(0, at)}\0${text.slice(at)}`;
}

function deleteSpan(text: string, random: Random): string {
  const at = random.below(text.length + 1);
  return text.slice(0, at) + text.slice(at + 1 + random.below(16));
}

function splice(text: string, random: Random, others: readonly string[]): string {
  const other = random.pick(others);
  return text.slice(0, random.below(text.length + 1)) + other.slice(random.below(other.length + 1));
}
