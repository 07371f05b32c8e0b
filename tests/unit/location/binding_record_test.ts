/** Records of bindings. */
import assert from "node:assert/strict";
import type { Binding } from "../../../src/location/binding.ts";
import { type FlowRecord, recordOf, writeRecord } from "../../../src/location/binding_record.ts";
import { ByteBuffer } from "../../../src/runtime/byte_buffer.ts";
import { bindingTo } from "../../support/bindings.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const FLOW = { id: 1, isOpen: true, isConnection: false };
const RECORD: FlowRecord = {
  protocol: "udp",
  local: "[2001:db8::1]:5060",
  remoteAddress: "192.0.2.9",
  remotePort: 5060,
  token: "a0-c0000209-13c4",
};

const bindings: Readonly<Record<string, Partial<Binding>>> = {
  "a plain binding": {},
  "one with everything": {
    q: 500,
    cseq: 2 ** 31,
    instance: "<urn:uuid:1>",
    regId: 2,
    path: "<sip:p;lr>,<sip:q;lr>",
    listeningPort: 5070,
    accountMac: "0123",
    goesToContact: true,
    isBehindNat: true,
  },
  "one with odd characters": { callId: '"\\\n\u0000 é電', updatedAt: 0.4, expiresAt: 59_999.6 },
};

for (const [what, parts] of Object.entries(bindings)) {
  for (const domain of [undefined, "sip.example.com"]) {
    const { token, ...rest } = RECORD;
    const record = domain === undefined ? RECORD : { ...rest, domain, token };
    Deno.test(`writes the record of ${what}, domain ${domain}, as JSON.stringify does`, () => {
      const clock = new FakeClock();
      clock.advance(1234.5);
      const binding = bindingTo("sip:1000@192.0.2.9:5060", { flow: FLOW, ...parts });
      const to = new ByteBuffer();
      writeRecord(binding, { flow: record, toWallTime: clock.wallTime() - clock.now(), to });
      const text = new TextDecoder().decode(new Uint8Array(to.buffer, 0, to.size));
      assert.equal(text, JSON.stringify(recordOf(binding, { describe: () => record }, clock)));
    });
  }
}
