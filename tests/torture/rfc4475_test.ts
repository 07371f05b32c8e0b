/** RFC 4475: what the message parser says of each message. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Header } from "../../src/message/header_name.ts";
import { parseNameAddrList } from "../../src/message/name_addr.ts";
import { parseMessage } from "../../src/message/parser.ts";
import { RejectedMessage, type SipRequest, type SipResponse } from "../../src/message/sip_message.ts";
import { type Expectation, expectations, type FaultyField } from "./rfc4475_expectations.ts";
import { readDatagram, readText, storedNames } from "./torture_messages.ts";

Deno.test("RFC 4475: the messages have the bytes of the archive", () => {
  const hash = createHash("sha256");
  for (const name of storedNames()) hash.update(readDatagram(name));
  assert.equal(hash.digest("hex"), "c130abdedde20f53b7f1c70181dc8fc115afd568a12977d7db3d597f39a21378");
});

Deno.test("RFC 4475: every one of the 49 messages is stored and has one expectation", () => {
  assert.equal(expectations.length, 49);
  assert.deepEqual(expectations.map((row) => row.name).sort(), storedNames());
});

for (const row of expectations) {
  Deno.test(`RFC 4475 §${row.section} ${row.name}: ${row.about}: the parser's verdict`, () =>
    checkVerdict(row));
}

function checkVerdict({ name, parse, server, why }: Expectation): void {
  const message = parseMessage(readText(name));
  if (parse === "valid") {
    assert.ok(
      !(message instanceof RejectedMessage),
      `${"reason" in message ? message.reason : ""}; but ${why}`,
    );
    assert.deepEqual(faultyFields(message), []);
  } else if ("faulty" in parse) {
    assert.ok(
      !(message instanceof RejectedMessage),
      "a field that is read lazily must not fail the whole message",
    );
    assert.deepEqual(faultyFields(message), [parse.faulty]);
  } else {
    assert.ok(message instanceof RejectedMessage, why);
    assert.equal(message.status, parse.refused);
    assert.equal(
      message.request !== undefined,
      server !== "dropped",
      "answerable if and only if to be answered",
    );
  }
}

function faultyFields(message: SipRequest | SipResponse): FaultyField[] {
  const faulty: FaultyField[] = [];
  // Headers may not be in a Request-URI (§19.1.1).
  if (message.kind === "request" && message.uri?.headers) faulty.push("Request-URI");
  if (message.rowValues(Header.Contact).some((value) => !parseNameAddrList(value))) faulty.push("Contact");
  return faulty;
}
