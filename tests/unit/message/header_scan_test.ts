import assert from "node:assert/strict";
import { Header, type HeaderId, MAX_HEADER_IDS } from "../../../src/message/header_name.ts";
import { hasTooManyValues, rowsOf, scanRows, seenBit } from "../../../src/message/header_scan.ts";

Deno.test("Each header whose presence is checked has a bit of its own, every other number has none", () => {
  const checked: readonly HeaderId[] = [
    Header.Via,
    Header.From,
    Header.To,
    Header.CallId,
    Header.CSeq,
    Header.MaxForwards,
    Header.ContentLength,
    Header.ContentType,
    Header.Expires,
  ];
  let seen = 0;
  for (const id of checked) {
    const bit = seenBit(id);
    assert.ok(bit > 0 && (bit & bit - 1) === 0, `${id} has the bit ${bit}`);
    assert.equal(seen & bit, 0, `${id} shares its bit`);
    seen |= bit;
  }
  for (let id = 0; id < MAX_HEADER_IDS; id++) {
    if (!checked.includes(id as HeaderId)) assert.equal(seenBit(id as HeaderId), 0, `${id}`);
  }
});

Deno.test("Headers that may come twice do, whatever their number; they stand for no other", () => {
  const row = "RAck: 1 1 INVITE\r\nPrivacy: id\r\nSubject: x\r\n";
  const { fault, seen, rows } = scanRows(`${row}${row}\r\n`, 0);
  assert.equal(fault, "");
  assert.equal(seen, 0);
  assert.equal(rows.length / 4, 6);
});

Deno.test("Values of a header with the highest number are counted", () => {
  const text = "RAck: 1 1 INVITE\r\n".repeat(4) + "\r\n";
  const { rows } = scanRows(text, 0);
  assert.equal(hasTooManyValues(text, rows, 4), false);
  assert.equal(hasTooManyValues(text, rows, 3), true);
});

Deno.test("rowsOf() has the rows of a whole message", () => {
  const rows = rowsOf("SIP/2.0 200 OK\r\nv: SIP/2.0/UDP a\r\nSubject: b\r\n c\r\n\r\nbody: x\r\n");
  assert.equal(rows.header(Header.Via), "SIP/2.0/UDP a");
  assert.equal(rows.headerNamed("subject"), "b c");
  assert.equal(rows.headerNamed("body"), undefined);
});
