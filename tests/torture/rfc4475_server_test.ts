/** RFC 4475: the answers of a whole server to each message, with other domains and with those of the message. */
import assert from "node:assert/strict";
import { type Expectation, expectations, type Outcome } from "./rfc4475_expectations.ts";
import { latin1, readDatagram } from "./torture_messages.ts";
import { startServer, type TortureServer } from "./torture_server.ts";

const strangersDomain = "routr.test";

for (const row of expectations) {
  const title = `RFC 4475 §${row.section} ${row.name}: ${row.about}`;
  Deno.test(`${title}: at a server with no part in it`, () => visitStranger(row));
  if (row.home) Deno.test(`${title}: at the server of its domains`, () => visitHome(row));
}

async function visitStranger(row: Expectation): Promise<void> {
  await using server = await startServer({ domains: [strangersDomain] });
  const sent = readDatagram(row.name);
  checkAnswers(row, { sent, answers: await send(server, sent, row.server), expected: row.server });
}

async function visitHome(row: Expectation): Promise<void> {
  const { domains, agent, server: expected, holds } = row.home!;
  await using server = await startServer({ domains, agent });
  let datagram = readDatagram(row.name);
  let answers = await send(server, datagram, expected);
  if (agent !== undefined) {
    checkAnswers(row, { sent: datagram, answers, expected: 401 });
    datagram = server.withCredentials(datagram, answers[0]);
    answers = await send(server, datagram, expected);
  }
  checkAnswers(row, { sent: datagram, answers, expected });
  if (holds) assert.match(answers[0], holds);
}

function send(server: TortureServer, datagram: Uint8Array, expected: Outcome): Promise<string[]> {
  return server.exchange(datagram, { isAnswered: expected !== "dropped" });
}

/** The challenges and lists that a response must have, by status. */
const requiredHeaders: Readonly<Record<number, RegExp>> = {
  401: /^WWW-Authenticate: *Digest /im,
  405: /^Allow:/im,
  407: /^Proxy-Authenticate: *Digest /im,
  420: /^Unsupported: *\S/im,
};

function checkAnswers(
  { why, parse }: Expectation,
  { sent, answers, expected }: { sent: Uint8Array; answers: string[]; expected: Outcome },
): void {
  if (expected === "dropped") return assert.deepEqual(answers, [], why);
  assert.equal(answers.length, 1, `one answer to one request, but got ${JSON.stringify(answers)}`);
  const answer = answers[0];
  const status = Number(answer.slice(8, 11));
  assert.ok([expected].flat().includes(status), `${why}; expected ${expected}, got ${answer}`);
  if (requiredHeaders[status]) assert.match(answer, requiredHeaders[status]);
  assert.doesNotMatch(answer, /\.ts\b|\bat \S+ \(|Error:/, "nothing of our inside is shown");
  if (parse === "valid") checkCopiedHeaders(latin1(sent), answer);
}

/** Headers that a response copies from its request (§8.2.6.2), byte by byte except folding. */
function checkCopiedHeaders(request: string, answer: string): void {
  for (const name of ["call-id|i", "cseq", "from|f"]) {
    assert.deepEqual(headerValues(answer, name), headerValues(request, name));
  }
  assert.ok(
    headerValues(answer, "to|t")[0].startsWith(headerValues(request, "to|t")[0]),
    "To, perhaps with a tag",
  );
  assert.deepEqual(viaValues(answer).slice(1), viaValues(request).slice(1));
  assert.equal(
    viaValues(answer)[0].replace(/;(received|rport)(=[^;]*)?/g, ""),
    viaValues(request)[0].replace(/;rport/, ""),
  );
}

function viaValues(text: string): string[] {
  return headerValues(text, "via|v").flatMap((value) => value.replaceAll(" ", "").split(","));
}

/** The unfolded values of a header, read without any of the code under test. */
function headerValues(text: string, names: string): string[] {
  const head = text.slice(0, text.indexOf("\r\n\r\n")).replace(/[ \t]*\r\n[ \t]+/g, " ");
  const lines = head.matchAll(new RegExp(`\\n(?:${names})[ \\t]*:[ \\t]*([^\\r]*)`, "gi"));
  return Array.from(lines, ([, value]) => value.trim());
}
