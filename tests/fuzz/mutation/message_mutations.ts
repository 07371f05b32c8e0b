/** Mutations of start line, body and length, and of the whole text. */
import type { Random } from "../../support/random.ts";
import { type Draft, nameOf } from "../message/draft.ts";
import { METHODS, NUMBERS, oddRun, PIECES } from "./odd_values.ts";
import { oddUri } from "./odd_uris.ts";
import type { Mutation } from "./row_mutations.ts";

const STATUSES = [
  ..."99 100 101 180 183 199 200 202 299 300 301 302 380 399 400 401 403 404 405 407 408 420 421 422 423 429 430"
    .split(" "),
  ..."439 480 481 482 483 486 487 488 491 493 494 499 500 501 503 504 513 600 603 604 606 608 699 700 999 1000"
    .split(" "),
  "-1",
  "",
  "2",
  "20",
  "\xff",
];

const BODIES: readonly ((random: Random) => string)[] = [
  () => "",
  (random) => oddRun(random),
  () => "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n",
  (random) =>
    `v=0\r\no=${oddRun(random)}\r\nc=IN IP4 ${random.one(NUMBERS)}\r\nm=audio ${random.one(NUMBERS)}\r\n`,
  (random) => "x".repeat(random.one([1_000, 10_000, 40_000])),
  () => "--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b\r\n\r\n--b--\r\n",
  () => "OPTIONS sip:inner SIP/2.0\r\n\r\n",
  () => "\r\n\r\n\r\n",
  () => "\0".repeat(50),
];

export const MESSAGE_MUTATIONS: readonly Mutation[] = [
  changeMethod,
  changeRequestUri,
  changeRequestUri,
  changeRequestUri,
  changeStatus,
  changeStatus,
  damageStart,
  changeBody,
  changeBody,
  changeLength,
  changeLength,
];

function changeMethod(draft: Draft, random: Random): void {
  const method = random.one(METHODS);
  const [former] = draft.start.split(" ", 1);
  if (former.startsWith("SIP/")) return;
  draft.start = method + draft.start.slice(former.length);
  if (random.chance(0.2)) return;
  draft.rows = draft.rows.map((row) => /^CSeq:/i.test(row) ? row.replace(/\S*$/, () => method) : row);
}

function changeRequestUri(draft: Draft, random: Random): void {
  draft.start = draft.start.replace(/^([^ ]+ )(\S*)( SIP)/, (_, method, uri, rest) => {
    const changed = random.chance(0.7) ? oddUri(random) : uri + random.one(PIECES);
    return method + changed + rest;
  });
}

function changeStatus(draft: Draft, random: Random): void {
  draft.start = draft.start.replace(/^SIP\/2\.0 \S*/, () => `SIP/2.0 ${random.one(STATUSES)}`);
}

function damageStart(draft: Draft, random: Random): void {
  const { start } = draft;
  const at = random.below(start.length + 1);
  draft.start = random.one([
    start.slice(0, at) + random.one(PIECES) + start.slice(at),
    start.slice(0, at),
    start.replace(
      "SIP/2.0",
      () => random.one(["SIP/3.0", "sip/2.0", "SIP/2.00", "SIP/", "", "HTTP/1.1", "SIP/2.0 "]),
    ),
    start.replaceAll(" ", () => random.one(["  ", "\t", "", " \r\n "])),
    `${random.one(["\r\n", "\r\n\r\n\r\n", " ", "\0", "\n"])}${start}`,
  ]);
}

function changeBody(draft: Draft, random: Random): void {
  draft.body = random.one(BODIES)(random);
  if (random.chance(0.7)) setLength(draft, String(draft.body.length));
}

function changeLength(draft: Draft, random: Random): void {
  const right = draft.body.length;
  setLength(draft, random.one([String(right + 1), String(right - 1), `${right},${right}`, ...NUMBERS]));
}

function setLength({ rows }: Draft, value: string): void {
  const index = rows.findIndex((row) => /^(content-length|l)$/i.test(nameOf(row)));
  const row = `Content-Length: ${value}`;
  if (index < 0) rows.push(row);
  else rows[index] = row;
}
