import assert from "node:assert/strict";
import { answerStun } from "../../../src/transport/stun.ts";

/** The request of RFC 5769 §2.1, and the mapped addresses of §2.2 and §2.3, which have the same transaction id. */
const TRANSACTION = "\x21\x12\xa4\x42\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae";
const REQUEST = `\x00\x01\x00\x00${TRANSACTION}`;

Deno.test("RFC 5769 §2.2: a Binding request is answered with the IPv4 address it came from", () => {
  assert.equal(
    answerStun(REQUEST, "192.0.2.1", 32853),
    `\x01\x01\x00\x0c${TRANSACTION}\x00\x20\x00\x08\x00\x01\xa1\x47\xe1\x12\xa6\x43`,
  );
});

Deno.test("RFC 5769 §2.3: likewise with an IPv6 address", () => {
  assert.equal(
    answerStun(REQUEST, "[2001:db8:1234:5678:11:2233:4455:6677]", 32853),
    `\x01\x01\x00\x18${TRANSACTION}\x00\x20\x00\x14\x00\x02\xa1\x47` +
      "\x01\x13\xa9\xfa\xa5\xd3\xf1\x79\xbc\x25\xf4\xb5\xbe\xd2\xb9\xd9",
  );
});

Deno.test("Attributes of a request are passed over", () => {
  const software = "\x80\x22\x00\x04test";
  assert.ok(answerStun(`\x00\x01\x00\x08${TRANSACTION}${software}`, "192.0.2.1", 1));
});

for (
  const [what, datagram] of [
    ["a Binding response", `\x01\x01\x00\x00${TRANSACTION}`],
    ["an indication", `\x00\x11\x00\x00${TRANSACTION}`],
    ["a wrong cookie", `\x00\x01\x00\x00\x21\x12\xa4\x43${TRANSACTION.slice(4)}`],
    ["a length that lies", `\x00\x01\x00\x04${TRANSACTION}`],
    ["too few bytes", REQUEST.slice(0, 19)],
    ["zeros", "\x00\x00\x00\x00"],
  ]
) {
  Deno.test(`Not answered: ${what}`, () => assert.equal(answerStun(datagram, "192.0.2.1", 1), undefined));
}
