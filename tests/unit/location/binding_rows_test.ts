/** Rows of bindings. */
import assert from "node:assert/strict";
import type { Binding } from "../../../src/location/binding.ts";
import { type FlowRecord, recordOf } from "../../../src/location/binding_record.ts";
import { BindingRows } from "../../../src/location/binding_rows.ts";
import { readRows, RowBatch } from "../../../src/location/row_batch.ts";
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
      const flows = { describe: () => record };
      const batch = new RowBatch();
      new BindingRows(batch, { flows, clock }).add("sip:é@x", [binding, binding]);
      const records = [binding, binding].map((one) => recordOf(one, flows, clock));
      const { expiresAt } = records[0];
      assert.deepEqual([...readRows(batch.finish())], [{
        key: "sip:%C3%A9@x",
        text: JSON.stringify(records),
        expiresAt,
      }]);
    });
  }
}
