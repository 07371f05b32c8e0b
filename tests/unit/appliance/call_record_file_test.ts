/** Call records: the content of a line, and files that are moved, removed or on a full disk. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { CallRecordFile } from "../../../src/appliance/call_record_file.ts";
import type { ServerEvent } from "../../../src/core/server_events.ts";

const START = Date.UTC(2026, 0, 1, 12);

function ended(data: Record<string, unknown> = {}): ServerEvent {
  return {
    type: "call.ended",
    time: START,
    data: {
      id: "id1",
      callId: "call",
      from: "sip:alice@sip.local",
      to: "sip:bob@sip.local",
      direction: "internal",
      state: "answered",
      startedAt: START,
      answeredAt: START + 1500,
      durationMillis: 61_400,
      cause: "caller hung up",
      status: 200,
      endedAt: START + 62_900,
      ...data,
    },
  };
}

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Writes events by one `CallRecordFile`. */
async function write(path: string, events: readonly ServerEvent[]): Promise<void> {
  const file = new CallRecordFile(path);
  for (const event of events) file.add(event);
  await file.close();
}

function records(text: string): unknown[] {
  return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
}

Deno.test("a call that was answered is a line with times in ISO form and seconds", () =>
  inFolder(async (folder) => {
    const path = join(folder, "cdr.jsonl");
    await write(path, [ended({ gatewayRef: "gw1", didRef: "did1", direction: "outbound" })]);
    assert.deepEqual(records(await Deno.readTextFile(path)), [{
      id: "id1",
      callId: "call",
      from: "sip:alice@sip.local",
      to: "sip:bob@sip.local",
      direction: "outbound",
      gatewayRef: "gw1",
      didRef: "did1",
      cause: "caller hung up",
      status: 200,
      startedAt: "2026-01-01T12:00:00.000Z",
      answeredAt: "2026-01-01T12:00:01.500Z",
      endedAt: "2026-01-01T12:01:02.900Z",
      durationSeconds: 61,
    }]);
    assert.equal((await Deno.stat(path)).mode! & 0o777 & ~0o640, 0);
  }));

Deno.test("an unanswered call, or one whose end was not seen, lacks the unknown properties", () =>
  inFolder(async (folder) => {
    const path = join(folder, "cdr.jsonl");
    await write(path, [
      ended({ answeredAt: undefined, durationMillis: 0, cause: "rejected", status: 486 }),
      ended({ durationMillis: undefined, cause: "not observed" }),
    ]);
    const [rejected, unseen] = records(await Deno.readTextFile(path)) as Record<string, unknown>[];
    assert.ok(!("answeredAt" in rejected));
    assert.deepEqual([rejected.durationSeconds, rejected.status], [0, 486]);
    assert.ok(!("durationSeconds" in unseen));
  }));

Deno.test("only ends of calls are written, each on one line whatever is in it", () =>
  inFolder(async (folder) => {
    const path = join(folder, "cdr.jsonl");
    await write(path, [
      { ...ended(), type: "call.answered" },
      { type: "registration.added", time: START, data: {} },
      ended({ callId: "a\nb\u00e9" }),
    ]);
    const text = await Deno.readTextFile(path);
    assert.equal(text.split("\n").length, 2);
    assert.equal((records(text)[0] as { callId: string }).callId, "a\nb\u00e9");
  }));

Deno.test("records are appended; a file that was moved away is created again", () =>
  inFolder(async (folder) => {
    const path = join(folder, "cdr.jsonl");
    await write(path, [ended({ id: "1" }), ended({ id: "2" })]);
    await write(path, [ended({ id: "3" })]);
    assert.equal(records(await Deno.readTextFile(path)).length, 3);
    await Deno.rename(path, `${path}.1`);
    await write(path, [ended({ id: "4" })]);
    assert.equal(records(await Deno.readTextFile(path)).length, 1);
  }));

Deno.test("records that cannot be written are lost without a throw; later ones begin on new lines", () =>
  inFolder(async (folder) => {
    const path = join(folder, "missing", "cdr.jsonl");
    const file = new CallRecordFile(path);
    file.add(ended({ id: "lost" }));
    await file.close();
    await Deno.mkdir(join(folder, "missing"));
    // A disk became full in the middle of a line.
    await Deno.writeTextFile(path, `{"id":"half`);
    file.add(ended({ id: "kept" }));
    await file.close();
    const lines = (await Deno.readTextFile(path)).split("\n");
    assert.equal(lines[0], `{"id":"half`);
    assert.equal(JSON.parse(lines[1]).id, "kept");
  }));
