/** Mutations of the value of one row: its URI, tag, branch, numbers, parameters and bytes. */
import type { Random } from "../../support/random.ts";
import { NUMBERS, oddRun, PIECES } from "./odd_values.ts";
import { oddUri } from "./odd_uris.ts";

export type ValueMutation = (value: string, random: Random) => string;

const TAGS = ["", '""', "a b", "a,b", '"a"', "\xff", "%41", "t".repeat(2_000), "a;tag=b"];
const BRANCHES = [
  "",
  "z9hG4bK",
  "z9hG4bK;",
  "old-1",
  '"z9hG4bKa"',
  "z9hG4bK\xff",
  `z9hG4bK${"b".repeat(2_000)}`,
];

const MUTATIONS: readonly ValueMutation[] = [
  replaceUri,
  replaceUri,
  replaceTag,
  replaceBranch,
  replaceNumber,
  replaceNumber,
  replaceParameter,
  dropParameter,
  repeatParameter,
  insertPiece,
  insertPiece,
  insertRun,
  dropSpan,
  flipBits,
  cut,
  swapCase,
  doubled,
  bracketed,
  quoted,
  empty,
];

export function mutateValue(value: string, random: Random): string {
  return random.one(MUTATIONS)(value, random);
}

/** Replaces the match of a pattern, if there is one, by a text that is taken as it is. */
function replace(value: string, pattern: RegExp, text: string): string {
  return value.replace(pattern, () => text);
}

function replaceUri(value: string, random: Random): string {
  return replace(value, /(?:sips?|tel):[^>;,\s]*[^>,\s]*/i, oddUri(random));
}

function replaceTag(value: string, random: Random): string {
  return replace(value, /;tag=[^;,\s]*/i, `;tag=${random.one(TAGS)}`);
}

function replaceBranch(value: string, random: Random): string {
  return replace(value, /;branch=[^;,\s]*/i, `;branch=${random.one(BRANCHES)}`);
}

function replaceNumber(value: string, random: Random): string {
  const numbers = [...value.matchAll(/\d+/g)];
  if (numbers.length === 0) return value + random.one(NUMBERS);
  const { index, 0: { length } } = random.one(numbers);
  return value.slice(0, index) + random.one(NUMBERS) + value.slice(index + length);
}

function replaceParameter(value: string, random: Random): string {
  const parameters = [...value.matchAll(/=("[^"]*"|[^;,\s>]*)/g)];
  if (parameters.length === 0) return value;
  const { index, 0: { length } } = random.one(parameters);
  return `${value.slice(0, index)}=${oddRun(random)}${value.slice(index + length)}`;
}

function dropParameter(value: string, random: Random): string {
  const parameters = [...value.matchAll(/[;,][^;,]*/g)];
  if (parameters.length === 0) return value;
  const { index, 0: { length } } = random.one(parameters);
  return value.slice(0, index) + value.slice(index + length);
}

function repeatParameter(value: string, random: Random): string {
  const [parameter] = value.match(/[;,][^;,]*/) ?? [";a=b"];
  return value + parameter.repeat(1 + random.below(random.one([2, 100])));
}

function insertPiece(value: string, random: Random): string {
  const at = random.below(value.length + 1);
  return value.slice(0, at) + random.one(PIECES) + value.slice(at);
}

function insertRun(value: string, random: Random): string {
  const at = random.below(value.length + 1);
  return value.slice(0, at) + oddRun(random) + value.slice(at);
}

function dropSpan(value: string, random: Random): string {
  const at = random.below(value.length + 1);
  return value.slice(0, at) + value.slice(at + 1 + random.below(12));
}

/** Holes stay: a byte has eight bits. */
function flipBits(value: string, random: Random): string {
  const at = random.below(value.length);
  const code = value.charCodeAt(at);
  if (!(code < 256)) return value;
  return value.slice(0, at) + String.fromCharCode(code ^ 1 << random.below(8)) + value.slice(at + 1);
}

function cut(value: string, random: Random): string {
  return value.slice(0, random.below(value.length + 1));
}

function swapCase(value: string, random: Random): string {
  return random.chance() ? value.toUpperCase() : value.toLowerCase();
}

function doubled(value: string, random: Random): string {
  return value + random.one([",", ", ", ";", " ", ""]) + value;
}

function bracketed(value: string, random: Random): string {
  if (random.chance()) return value.replace(/[<>]/g, "");
  return `${random.one(['""', '"a\\"b"', "a", '"', "\xff", ""])}<${value.replace(/[<>]/g, "")}>`;
}

function quoted(value: string, random: Random): string {
  return random.chance() ? `"${value}"` : value.replaceAll('"', random.one(["", "'", '""', '\\"']));
}

function empty(_value: string, random: Random): string {
  return random.one(["", " ", "\t", "\r\n ", ","]);
}
