import assert from "node:assert/strict";
import { reasonPhrase } from "../../../src/message/status.ts";

Deno.test("reasonPhrase() has the phrases of §21 for what this server sends", () => {
  const table: [status: number, phrase: string][] = [
    [100, "Trying"],
    [200, "OK"],
    [400, "Bad Request"],
    [401, "Unauthorized"],
    [403, "Forbidden"],
    [404, "Not Found"],
    [405, "Method Not Allowed"],
    [407, "Proxy Authentication Required"],
    [408, "Request Timeout"],
    [416, "Unsupported URI Scheme"],
    [420, "Bad Extension"],
    [423, "Interval Too Brief"],
    [440, "Max-Breadth Exceeded"],
    [480, "Temporarily Unavailable"],
    [481, "Call/Transaction Does Not Exist"],
    [482, "Loop Detected"],
    [483, "Too Many Hops"],
    [486, "Busy Here"],
    [487, "Request Terminated"],
    [500, "Server Internal Error"],
    [503, "Service Unavailable"],
    [505, "Version Not Supported"],
    [513, "Message Too Large"],
    [603, "Decline"],
  ];
  for (const [status, phrase] of table) assert.equal(reasonPhrase(status), phrase);
});

Deno.test("§8.1.3.2: a status that nobody knows is called like the x00 of its class", () => {
  assert.equal(reasonPhrase(499), reasonPhrase(400));
  assert.equal(reasonPhrase(599), reasonPhrase(500));
  assert.equal(reasonPhrase(299), reasonPhrase(200));
});

Deno.test("Every status has a phrase that fits a status line", () => {
  for (let status = 100; status < 700; status++) assert.match(reasonPhrase(status), /^[A-Z][\w/ -]*$/);
});
