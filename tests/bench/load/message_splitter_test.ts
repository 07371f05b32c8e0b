import assert from "node:assert/strict";
import { MessageSplitter } from "./message_splitter.ts";

const FIRST = "SIP/2.0 200 OK\r\nContent-Length: 4\r\nTo: a\r\n\r\n\r\n\r\n";
const SECOND = "BYE sip:a SIP/2.0\r\nContent-Length:0\r\n\r\n";

Deno.test("MessageSplitter finds every message wherever the stream is cut", () => {
  const stream = `${FIRST}\r\n\r\n${SECOND}`;
  for (let cut = 0; cut <= stream.length; cut++) {
    const found: string[] = [];
    const splitter = new MessageSplitter((text) => found.push(text));
    splitter.push(stream.slice(0, cut));
    splitter.push(stream.slice(cut));
    assert.deepEqual(found, [FIRST, SECOND], `cut at ${cut}`);
  }
});
