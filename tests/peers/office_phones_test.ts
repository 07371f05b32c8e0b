/** Phones of an office that are set up in other ways than most. */
import assert from "node:assert/strict";
import { testAsRoot } from "./office/as_root.ts";
import { DeskPhone, type DeskPhoneOptions } from "./office/desk_phone.ts";
import { OfficeNetwork, type Site } from "./office/office_network.ts";
import { talk } from "./office/office_phone.ts";
import { startOfficeRoutr } from "./office/office_routr.ts";

const AGENTS = ["1001", "1002", "1003"];
const PORT = 5060;
const SENDING_PORT = 41_478;

testAsRoot(
  import.meta,
  "§16.6: a phone that sends from another port than it listens at is called at its Contact, and talks",
  async () => {
    await using network = await OfficeNetwork.create();
    await using _server = await startOfficeRoutr({ site: network.pbx, agents: AGENTS });
    await using odd = await open(network, network.desk, { user: "1001", sendsFrom: SENDING_PORT });
    await using desk = await open(network, network.desk, { user: "1002" });
    await using home = await open(network, network.home, { user: "1003", contact: "ob" });
    for (const other of [desk, home]) {
      await talk(other, odd, { endedBy: "caller" });
      await talk(odd, other, { endedBy: "callee" });
    }
  },
);

testAsRoot(import.meta, "§10.2.1: two Contacts in one REGISTER ring both, each where it says", async () => {
  await using network = await OfficeNetwork.create();
  await using _server = await startOfficeRoutr({ site: network.pbx, agents: AGENTS });
  await using left = new DeskPhone({ user: "1001", site: network.desk, server: serverOf(network) });
  await using right = new DeskPhone({ user: "1001", site: network.desk, server: serverOf(network) });
  await using caller = await open(network, network.home, { user: "1002" });
  await left.register([
    `<${left.contact}>;methods="INVITE, ACK";expires=300`,
    `"desk, right" <${right.contact}>;expires=120`,
  ]);
  for (const answering of [right, left]) {
    const ring = async () => {
      const calls = await Promise.all([left.nextCall(), right.nextCall()]);
      const [answered, other] = answering === left ? calls : calls.toReversed();
      answered.accept();
      return { answered, other };
    };
    const [call, { answered, other }] = await Promise.all([caller.call("1001"), ring()]);
    await Promise.all([answered.isConfirmed(), other.isEnded()]);
    await Promise.all([call.hangUp(), answered.isEnded()]);
  }
});

testAsRoot(
  import.meta,
  "§16.4: a Route with a name of this server's host, which is no domain of its, leads to it",
  async () => {
    await using network = await OfficeNetwork.create({ hosts: "198.51.100.1 pbx.lan" });
    await using _server = await startOfficeRoutr({ site: network.pbx, agents: AGENTS });
    const route = "sip:pbx.lan;lr";
    await using desk = await open(network, network.desk, { user: "1001", route });
    await using home = await open(network, network.home, { user: "1002", route, contact: "ob" });
    await talk(desk, home, { endedBy: "caller" });
    await talk(home, desk, { endedBy: "caller" });
    assert.match(await desk.message("1002", "hello"), /^SIP\/2\.0 200 /);
  },
);

testAsRoot(
  import.meta,
  "§16.4: a Route that a phone registered by leads to the server behind a forwarded port",
  async () => {
    await using network = await OfficeNetwork.create();
    await using _server = await startOfficeRoutr({ site: network.home, agents: AGENTS });
    await network.forwardPort(PORT);
    const server = { address: "203.0.113.9", port: PORT };
    const route = `sip:${server.address};lr`;
    await using alice = await open(network, network.desk, { user: "1001", route, server });
    await using bob = await open(network, network.desk, {
      user: "1002",
      route,
      server,
      answersAfterMs: undefined,
    });
    assert.match(await alice.message("1002", "hello"), /^SIP\/2\.0 200 /);
    await Promise.all([
      assert.rejects(alice.call("1002"), /its call got SIP\/2\.0 486 /),
      bob.nextCall().then((call) => call.refuse("486 Busy Here")),
    ]);
  },
);

function serverOf({ pbx: { address } }: OfficeNetwork): { address: string; port: number } {
  return { address, port: PORT };
}

/** A registered phone that answers after a moment. */
function open(
  network: OfficeNetwork,
  site: Site,
  options: Pick<DeskPhoneOptions, "user"> & Partial<DeskPhoneOptions>,
): Promise<DeskPhone> {
  return DeskPhone.registered({ site, server: serverOf(network), answersAfterMs: 50, ...options });
}
