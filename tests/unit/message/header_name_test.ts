import assert from "node:assert/strict";
import { Header, type HeaderId, headerId, MAX_HEADER_IDS } from "../../../src/message/header_name.ts";

/** Names as RFCs write them, with their compact form. */
const NAMES: readonly [id: HeaderId, name: string, compact?: string][] = [
  [Header.Via, "Via", "v"],
  [Header.From, "From", "f"],
  [Header.To, "To", "t"],
  [Header.CallId, "Call-ID", "i"],
  [Header.CSeq, "CSeq"],
  [Header.Contact, "Contact", "m"],
  [Header.MaxForwards, "Max-Forwards"],
  [Header.Route, "Route"],
  [Header.RecordRoute, "Record-Route"],
  [Header.ContentLength, "Content-Length", "l"],
  [Header.ContentType, "Content-Type", "c"],
  [Header.Expires, "Expires"],
  [Header.MinExpires, "Min-Expires"],
  [Header.Authorization, "Authorization"],
  [Header.ProxyAuthorization, "Proxy-Authorization"],
  [Header.WwwAuthenticate, "WWW-Authenticate"],
  [Header.ProxyAuthenticate, "Proxy-Authenticate"],
  [Header.Require, "Require"],
  [Header.ProxyRequire, "Proxy-Require"],
  [Header.Supported, "Supported", "k"],
  [Header.Unsupported, "Unsupported"],
  [Header.Allow, "Allow"],
  [Header.Path, "Path"],
  [Header.RetryAfter, "Retry-After"],
  [Header.UserAgent, "User-Agent"],
  [Header.Timestamp, "Timestamp"],
  [Header.MaxBreadth, "Max-Breadth"],
  [Header.PAssertedIdentity, "P-Asserted-Identity"],
  [Header.PPreferredIdentity, "P-Preferred-Identity"],
  [Header.RemotePartyId, "Remote-Party-ID"],
  [Header.Privacy, "Privacy"],
  [Header.RAck, "RAck"],
];

function idOf(name: string): HeaderId {
  return headerId(name, 0, name.length);
}

Deno.test("headerId() knows every header by its name, in any case", () => {
  for (const [id, name] of NAMES) {
    for (const written of [name, name.toLowerCase(), name.toUpperCase()]) {
      assert.equal(idOf(written), id, written);
    }
  }
});

Deno.test("§7.3.3: headerId() knows every compact form, in any case", () => {
  for (const [id, , compact] of NAMES) {
    if (compact === undefined) continue;
    assert.equal(idOf(compact), id, compact);
    assert.equal(idOf(compact.toUpperCase()), id, compact);
  }
});

Deno.test("The compact forms of headers that have no number are no other header", () => {
  const known = NAMES.map(([, , compact]) => compact);
  for (const letter of "abcdefghijklmnopqrstuvwxyz") {
    if (!known.includes(letter)) assert.equal(idOf(letter), Header.Other, letter);
  }
});

Deno.test("Every number has a name, and no two names the same number", () => {
  const numbers = Object.values(Header).filter((id) => id !== Header.Other).sort((a, b) => a - b);
  assert.deepEqual(NAMES.map(([id]) => id).sort((a, b) => a - b), numbers);
  assert.ok(numbers.every((id) => id < MAX_HEADER_IDS));
});

Deno.test("headerId() is exact: nothing more, nothing less, nothing alike", () => {
  for (const [, name] of NAMES) {
    const others = [`${name}x`, `x${name}`, `${name} `, `${name}_`, name.replace("-", "_") + "-"];
    if (name.length > 2) others.push(name.slice(0, -1));
    for (const other of others) assert.equal(idOf(other), Header.Other, other);
  }
  const aliases = [
    "",
    "\x16",
    "\xf6",
    "V\x69\x41\0",
    `via${"a".repeat(32)}`,
    "Call\rID",
    "call\x0did",
    "6rom",
    "Subject",
  ];
  for (const alias of aliases) assert.equal(idOf(alias), Header.Other, JSON.stringify(alias));
});

Deno.test("headerId() looks at its span only", () => {
  assert.equal(headerId("x-via-y", 2, 5), Header.Via);
  assert.equal(headerId("From", 0, 1), Header.From);
  assert.equal(headerId("Contact", 0, 3), Header.Other);
});
