// Registrations and calls outlive the server process: files provider, state beside the configuration or where it is said.

import assert from "node:assert/strict";
import { join } from "node:path";
import { registeredBaresip } from "./baresip.ts";
import {
  addressOf,
  contactsAt,
  establish,
  hangUp,
  phoneAt,
  registeredAt,
  unanswered,
} from "./nodes/node_phone.ts";
import { ackTo, header } from "../support/sip_text.ts";
import { type RoutrNodeOptions, startNode } from "./nodes/routr_node.ts";
import { pause } from "../support/pause.ts";

const agents = ["alice", "bob", "carol"];
/** Milliseconds that registrations may take to the disk. */
const keptWithin = 1_000;

/** The end of a server before a restart, and the time until which registrations count as kept. */
const ends = [
  { signal: "SIGTERM", delay: 0 },
  { signal: "SIGKILL", delay: keptWithin },
] as const;

for (const { signal, delay } of ends) {
  Deno.test(`after ${signal} and a new start, phones on UDP are called without registering, and calls go on`, async () => {
    await using node = await startNode({ agents });
    await using alice = await registeredAt(node, { user: "alice", protocol: "udp" });
    await using bob = await registeredAt(node, { user: "bob", protocol: "udp", sentBy: "192.0.2.77:5060" });
    const call = await establish(alice, bob, 1);
    const other = await establish(bob, alice, 1);
    await pause(delay);
    await (signal === "SIGTERM" ? node.end() : node.kill());
    await node.start();
    await node.logged(/2 bindings restored/);
    await hangUp(await establish(alice, bob, 1), "callee");
    await hangUp(call, "caller");
    await hangUp(other, "caller");
    assert.deepEqual(await contactsAt(node, "bob"), [bob.contact]);
  });
}

Deno.test("a phone whose password was changed while the server was down is not called any more", async () => {
  await using node = await startNode({ agents });
  await using alice = await registeredAt(node, { user: "alice", protocol: "udp" });
  await using bob = await registeredAt(node, { user: "bob", protocol: "udp" });
  await using carol = await registeredAt(node, { user: "carol", protocol: "udp" });
  await node.end();
  const path = join(node.directory, "agents.yaml");
  const text = await Deno.readTextFile(path);
  const changed = text.replace(/(username: *['"]?bob['"]?[\s\S]*?secret: *)['"]?\w+['"]?/, "$1'4321'");
  assert.notEqual(changed, text);
  await Deno.writeTextFile(path, changed);
  await node.start();
  assert.match(await unanswered(alice, "bob"), /^SIP\/2\.0 480 /);
  await bob.expectNothing(0);
  await hangUp(await establish(alice, carol, 1), "caller");
});

Deno.test("what was un-registered before a stop stays so after it", async () => {
  await using node = await startNode({ agents });
  await using alice = await registeredAt(node, { user: "alice", protocol: "udp" });
  await using bob = await registeredAt(node, { user: "bob", protocol: "udp" });
  await node.end();
  await node.start();
  await bob.register("Contact: *\nExpires: 0");
  await node.end();
  await node.start();
  assert.match(await unanswered(alice, "bob"), /^SIP\/2\.0 480 /);
  await bob.expectNothing(0);
});

for (const { signal, delay } of ends) {
  Deno.test(`after ${signal} and a new start, a TCP phone is called where it listens, and others are 480 at once`, async () => {
    await using node = await startNode({ agents });
    await using alice = await registeredAt(node, { user: "alice", protocol: "udp" });
    await using bob = await registeredBaresip({ user: "bob", server: node.port, transport: "tcp" });
    await using carol = await registeredAt(node, { user: "carol", protocol: "tcp" });
    await pause(delay);
    await (signal === "SIGTERM" ? node.end() : node.kill());
    await carol.expectEnd();
    await node.start();
    assert.match(await unanswered(alice, "carol"), /^SIP\/2\.0 480 /);
    await alice.invite(addressOf("bob"));
    await bob.event("CALL_INCOMING");
    await alice.expect("180");
    await bob.hangUp();
    await alice.expect("486");
  });
}

Deno.test("a TCP phone that is gone with the server is not waited for", async () => {
  await using node = await startNode({ agents });
  await using alice = await registeredAt(node, { user: "alice", protocol: "udp" });
  {
    // Its Contact is another port than that of its connection, at which nobody listens any more.
    await using bob = await phoneAt(node, { user: "bob", protocol: "tcp" });
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    await bob.register(`Contact: <sip:bob@127.0.0.1:${listener.addr.port};transport=tcp>\nExpires: 600`);
    await node.end();
  }
  await node.start();
  assert.match(await unanswered(alice, "bob"), /^SIP\/2\.0 (480|503|408) /);
});

const stateFolders: readonly {
  readonly what: string;
  readonly options: (folder: string) => RoutrNodeOptions;
  readonly place: (folder: string, directory: string) => string;
}[] = [
  {
    what: "STATE_DIR",
    options: (folder) => ({ env: { STATE_DIR: join(folder, "here"), XDG_STATE_HOME: folder } }),
    place: (folder) => join(folder, "here"),
  },
  {
    what: "XDG_STATE_HOME",
    options: (folder) => ({ env: { XDG_STATE_HOME: folder } }),
    place: (folder) => join(folder, "routr"),
  },
  {
    what: "the folder beside the configuration",
    options: () => ({ env: { XDG_STATE_HOME: "" } }),
    place: (_, directory) => join(directory, "state"),
  },
];
for (const { what, options, place } of stateFolders) {
  Deno.test(`registrations are kept in ${what}, readable for nobody else`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "routr-state-" });
    await using cleanUp = new AsyncDisposableStack();
    cleanUp.defer(() => Deno.remove(folder, { recursive: true }));
    await using node = await startNode({ agents, ...options(folder) });
    await using bob = await registeredAt(node, { user: "bob", protocol: "udp" });
    await node.end();
    const state = place(folder, node.directory);
    for (const name of ["registrations.log", "dialog.key"]) {
      const { mode, size } = await Deno.stat(join(state, name));
      assert.equal((mode ?? 0) & 0o077, 0, `${name} has mode ${mode?.toString(8)}`);
      assert.ok(size > 0);
    }
    await node.start();
    assert.deepEqual(await contactsAt(node, "bob"), [bob.contact]);
  });
}

/** Faults of a state folder, and their log lines. */
const amiss: readonly {
  readonly what: string;
  /** Makes a state folder in a folder of its own, and returns it. */
  readonly make: (folder: string) => Promise<string>;
  readonly says: RegExp;
}[] = [
  {
    what: "a file in place of the state folder",
    make: async (folder) => {
      await Deno.writeTextFile(join(folder, "state"), "no folder");
      return join(folder, "state");
    },
    says: /warning state: Registrations are lost at the next restart/,
  },
  {
    what: "a state folder that not even root can write to",
    make: () => Promise.resolve("/sys/kernel"),
    says: /warning state: Registrations are lost at the next restart/,
  },
  {
    what: "garbage in place of the database",
    make: async (folder) => {
      await Deno.writeTextFile(join(folder, "registrations.log"), "garbage ".repeat(1000));
      return folder;
    },
    says: /warning location: .*registrations\.log\.corrupt-/,
  },
  {
    what: "a folder in place of the database",
    make: async (folder) => {
      await Deno.mkdir(join(folder, "registrations.log", "folder"), { recursive: true });
      return folder;
    },
    says: /warning location: .*registrations\.log\.corrupt-/,
  },
  {
    what: "a folder in place of the key",
    make: async (folder) => {
      await Deno.mkdir(join(folder, "dialog.key"));
      return folder;
    },
    says: /warning state: Calls do not go on after a restart/,
  },
];
for (const { what, make, says } of amiss) {
  Deno.test(`${what}: the server serves, and says so in one line`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "routr-state-" });
    await using cleanUp = new AsyncDisposableStack();
    cleanUp.defer(() => Deno.remove(folder, { recursive: true }));
    await using node = await startNode({ agents, env: { STATE_DIR: await make(folder) } });
    await using alice = await registeredAt(node, { user: "alice", protocol: "udp" });
    await using bob = await registeredAt(node, { user: "bob", protocol: "udp" });
    await hangUp(await establish(alice, bob, 1), "caller");
    // What `server` says of the configuration is the same with every folder.
    const lines = node.output.split("\n")
      .filter((line) => / (warning|error|fatal) /.test(line) && !/ server: /.test(line));
    const [ofRest, others] = [true, false].map((isRest) =>
      lines.filter((line) => isRest === / rest: /.test(line))
    );
    assert.equal(others.length, 1, node.output);
    assert.match(others[0], says);
    // Without the folder, it has nowhere to keep its salt.
    for (const line of ofRest) {
      assert.match(line, /Cannot open the REST service .*spec\.restService\.salt does without/);
    }
    assert.ok(ofRest.length <= 1, node.output);
  });
}

Deno.test("a second server on the same state folder says so, and both serve", async () => {
  const folder = await Deno.makeTempDir({ prefix: "routr-state-" });
  await using cleanUp = new AsyncDisposableStack();
  cleanUp.defer(() => Deno.remove(folder, { recursive: true }));
  const options = { agents, env: { STATE_DIR: folder } };
  await using first = await startNode(options);
  await using second = await startNode(options);
  await second.logged(/warning state: Registrations are lost at the next restart/);
  for (const node of [first, second]) {
    await using alice = await registeredAt(node, { user: "alice", protocol: "udp" });
    await using bob = await registeredAt(node, { user: "bob", protocol: "udp" });
    await hangUp(await establish(alice, bob, 1), "caller");
  }
  await first.end();
  await first.start();
  assert.equal((await contactsAt(first, "bob")).length, 1);
});

for (const protocol of ["udp", "tcp"] as const) {
  Deno.test(`SIGTERM while a call rings over ${protocol}: the caller hears a final answer, the callee a CANCEL`, async () => {
    await using node = await startNode({ agents });
    await using alice = await registeredAt(node, { user: "alice", protocol });
    await using bob = await registeredAt(node, { user: "bob", protocol });
    const invite = await alice.invite("sip:bob@sip.local");
    const arrived = await bob.expect("INVITE");
    await bob.answer(arrived, "180 Ringing");
    await alice.expect("180");
    const ended = node.end();
    await alice.sendAsIs(ackTo(invite, await alice.expect("503")));
    const cancel = await bob.expect("CANCEL");
    assert.match(header(cancel, "Reason"), /^SIP;cause=503;/);
    await bob.answer(cancel, "200 OK");
    await bob.answer(arrived, "487 Request Terminated");
    await bob.expect("ACK");
    await ended;
  });
}
