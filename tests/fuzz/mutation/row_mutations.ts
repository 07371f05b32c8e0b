/** Mutations of rows: which there are, in which order, and how they are written. */
import type { Random } from "../../support/random.ts";
import { type Draft, nameOf, readDraft, valueOf } from "../message/draft.ts";
import { oddRow, oddRun } from "./odd_values.ts";
import { mutateValue } from "./value_mutations.ts";

/** Changes a draft; `others` are texts of other messages. */
export type Mutation = (draft: Draft, random: Random, others: readonly string[]) => void;

const COMPACT_FORMS: readonly (readonly [string, string])[] = [
  ["Via", "v"],
  ["From", "f"],
  ["To", "t"],
  ["Call-ID", "i"],
  ["Contact", "m"],
  ["Content-Length", "l"],
  ["Content-Type", "c"],
  ["Supported", "k"],
  ["Subject", "s"],
  ["Event", "o"],
  ["Refer-To", "r"],
  ["Allow-Events", "u"],
  ["Session-Expires", "x"],
];

export const ROW_MUTATIONS: readonly Mutation[] = [
  duplicateRow,
  duplicateRow,
  dropRow,
  dropRow,
  swapRows,
  foldRow,
  changeForm,
  changeCase,
  growRow,
  spliceValue,
  spliceValue,
  spliceRow,
  insertRow,
  insertRow,
  insertRow,
  damageName,
  damageLineEnd,
  joinRows,
  moveRow,
  damageValue,
  damageValue,
  damageValue,
  damageValue,
  damageValue,
  damageValue,
];

/** Changes one row, if there is any. */
function changeRow(draft: Draft, random: Random, change: (row: string) => string): void {
  if (draft.rows.length === 0) return;
  const index = random.below(draft.rows.length);
  draft.rows[index] = change(draft.rows[index]);
}

function duplicateRow(draft: Draft, random: Random): void {
  if (draft.rows.length === 0) return;
  const copies = Array<string>(1 + random.below(random.one([2, 2, 2, 80]))).fill(random.one(draft.rows));
  draft.rows.splice(random.below(draft.rows.length + 1), 0, ...copies);
}

function dropRow({ rows }: Draft, random: Random): void {
  rows.splice(random.below(rows.length), 1);
}

function swapRows({ rows }: Draft, random: Random): void {
  if (rows.length < 2) return;
  const [one, other] = [random.below(rows.length), random.below(rows.length)];
  [rows[one], rows[other]] = [rows[other], rows[one]];
}

function moveRow({ rows }: Draft, random: Random): void {
  rows.splice(random.below(rows.length + 1), 0, ...rows.splice(random.below(rows.length), 1));
}

function foldRow(draft: Draft, random: Random): void {
  changeRow(draft, random, (row) => {
    const at = random.below(row.length + 1);
    return `${row.slice(0, at)}\r\n${random.one([" ", "\t", "  ", " \r\n "])}${row.slice(at)}`;
  });
}

function changeForm(draft: Draft, random: Random): void {
  changeRow(draft, random, (row) => {
    const name = nameOf(row).toLowerCase();
    const form = COMPACT_FORMS.find(([long, short]) => long.toLowerCase() === name || short === name);
    return form ? `${form[form[1] === name ? 0 : 1]}: ${valueOf(row)}` : row;
  });
}

function changeCase(draft: Draft, random: Random): void {
  changeRow(draft, random, (row) => {
    const name = nameOf(row);
    return (random.chance() ? name.toUpperCase() : name.toLowerCase()) + row.slice(name.length);
  });
}

function growRow(draft: Draft, random: Random): void {
  changeRow(draft, random, (row) => row + oddRun(random).slice(0, 20_000));
}

function spliceValue(draft: Draft, random: Random, others: readonly string[]): void {
  const { rows } = readDraft(random.one(others));
  if (rows.length === 0) return;
  changeRow(draft, random, (row) => `${nameOf(row)}: ${valueOf(random.one(rows))}`);
}

function spliceRow(draft: Draft, random: Random, others: readonly string[]): void {
  const { rows } = readDraft(random.one(others));
  if (rows.length > 0) draft.rows.splice(random.below(draft.rows.length + 1), 0, random.one(rows));
}

function insertRow({ rows }: Draft, random: Random): void {
  rows.splice(random.below(rows.length + 1), 0, oddRow(random));
}

function damageName(draft: Draft, random: Random): void {
  changeRow(draft, random, (row) => {
    const name = nameOf(row);
    const value = row.slice(name.length);
    const names = [
      `${name} `,
      ` ${name}`,
      "",
      `${name}\t`,
      `${name}\xff`,
      `${name}\0`,
      `X-${name}`,
      `${name}:`,
    ];
    return random.chance(0.2) ? name + value.slice(1) : random.one(names) + value;
  });
}

function damageLineEnd(draft: Draft, random: Random): void {
  changeRow(draft, random, (row) => row + random.one(["\r", "\n", "\r\r", "\n\r", "\n\n", "\r\n", "\0"]));
}

/** Makes a list of two rows, of one header mostly. */
function joinRows({ rows }: Draft, random: Random): void {
  if (rows.length < 2) return;
  const first = random.below(rows.length);
  const name = nameOf(rows[first]);
  const second = rows.findIndex((row, index) =>
    index !== first && (nameOf(row) === name || random.chance(0.1))
  );
  if (second < 0) return;
  rows[first] += random.one([",", ", ", ",\r\n ", ";"]) + valueOf(rows[second]);
  rows.splice(second, 1);
}

function damageValue(draft: Draft, random: Random): void {
  changeRow(draft, random, (row) => `${nameOf(row)}: ${mutateValue(valueOf(row), random)}`);
}
