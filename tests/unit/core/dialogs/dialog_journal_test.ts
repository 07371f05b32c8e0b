/** Which dialogs are written, and what remains of them. */
import assert from "node:assert/strict";
import type { DialogEnd } from "../../../../src/core/dialogs/dialog.ts";
import { DialogJournal } from "../../../../src/core/dialogs/dialog_journal.ts";
import { DialogRecords } from "../../../../src/core/dialogs/dialog_record.ts";
import { DialogTable } from "../../../../src/core/dialogs/dialog_table.ts";
import { AccountMacs } from "../../../../src/core/authentication/account_macs.ts";
import { Metrics } from "../../../../src/runtime/metrics.ts";
import { TimerWheel } from "../../../../src/runtime/timer_wheel.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { FakeDatabase } from "../../../support/fake_database.ts";

const END: DialogEnd = {
  party: undefined,
  address: "192.0.2.1",
  uri: "",
  target: "sip:a@192.0.2.1",
  formerTarget: "",
  routes: "",
  routeValues: [],
  cseq: 0,
  moved: undefined,
};

function start(database = new FakeDatabase()) {
  const clock = new FakeClock();
  const wheel = new TimerWheel(clock);
  const table = new DialogTable({ clock, wheel, metrics: new Metrics() });
  const records = new DialogRecords({
    clock,
    directory: { agent: () => undefined, peer: () => undefined },
    flows: { textOf: () => "", find: () => undefined } as never,
    accountMacs: new AccountMacs("key"),
  });
  const journal = new DialogJournal({ table, records, database, clock, wheel });
  const begin = (callId: string) => {
    const key = { callId, callerTag: "1", calleeTag: "2", flowToken: "0123456789abcdef.a.b" };
    const dialog = table.open(key, { caller: END, callee: END });
    dialog.isCall = true;
    table.changed(dialog);
    return dialog;
  };
  return { clock, table, journal, database, begin };
}

Deno.test("a call that begins and ends while changes gather is never written", () => {
  const { clock, table, begin, database } = start();
  for (let i = 0; i < 10; i++) table.remove(begin(`${i}`));
  clock.advance(2000);
  assert.equal(database.writes, 0);
});

Deno.test("a longer call has one row until it ends, however often it changes", () => {
  const { clock, table, begin, database } = start();
  const dialog = begin("a");
  clock.advance(1000);
  const [row] = database.rows.values();
  dialog.callee.target = "sip:moved@192.0.2.1";
  table.changed(dialog);
  clock.advance(1000);
  assert.deepEqual([...database.rows.keys()], [row.key]);
  assert.match(database.rows.get(row.key)!.text, /sip:moved@/);
  table.remove(dialog);
  clock.advance(1000);
  assert.equal(database.rows.size, 0);
});

Deno.test("a call of a former process loses its row when it ends", () => {
  const first = start();
  first.begin("a");
  first.begin("b");
  first.journal.stop();
  const { clock, table, journal, database, begin } = start(first.database);
  journal.adopt([...database.rows.values()]);
  assert.equal(begin("a").storedKey, [...database.rows.keys()][0]);
  table.remove(begin("a"));
  clock.advance(1000);
  assert.equal(database.rows.size, 1);
  assert.ok([...database.rows.values()][0].text.includes("b\\n1\\n2"));
});
