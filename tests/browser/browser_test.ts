/** Phones in a browser: JsSIP and SIP.js in Chromium over ws and wss, with each other and with baresip over UDP. */
import assert from "node:assert/strict";
import { type BaresipOptions, registeredBaresip } from "../peers/baresip.ts";
import { type BrowserPhone, type BrowserPhoneOptions, openPhone, registeredPhone } from "./browser_phone.ts";
import { type Chromium, startChromium } from "./chromium.ts";
import { type PageServer, startPageServer } from "./page_server.ts";
import { registeredWebRtcBaresip } from "./webrtc_baresip.ts";
import { startTransportRoutr, type TransportRoutr } from "../peers/matrix/transport_routr.ts";

type Library = BrowserPhoneOptions["library"];
type Protocol = "ws" | "wss";

const address = "127.0.0.1";
const pairs = [["jssip", "sipjs"], ["sipjs", "jssip"]] as const;
const protocols = ["ws", "wss"] as const;

let server: TransportRoutr;
let pages: PageServer;
let chromium: Chromium;

Deno.test.beforeAll(async () => {
  server = await startTransportRoutr({ agents: ["1001", "1002", "1003"], bindAddresses: [address] });
  pages = await startPageServer();
  chromium = await startChromium({ trusted: server.identity.certificate });
});

Deno.test.afterAll(async () => {
  await chromium?.stop();
  await pages?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

for (const protocol of protocols) {
  for (const [caller, callee] of pairs) {
    Deno.test(
      `Browser: ${caller} calls ${callee} over ${protocol}: both hear each other, either hangs up`,
      async () => {
        await using bob = await registered(callee, protocol, "1002");
        await using alice = await registered(caller, protocol, "1001");
        for (const [last, other] of [[alice, bob], [bob, alice]]) {
          await establish(alice, bob);
          await hearEachOther(alice, bob);
          await last.press("hangUp");
          assert.equal(await other.event("closed"), "BYE");
        }
      },
    );

    Deno.test(
      `Browser: ${caller} calls ${callee} over ${protocol}: either holds the call and takes it back`,
      async () => {
        await using bob = await registered(callee, protocol, "1002");
        await using alice = await registered(caller, protocol, "1001");
        await establish(alice, bob);
        for (const [holder, held] of [[alice, bob], [bob, alice]]) {
          await holder.press("hold");
          await held.event("held");
          await holder.press("resume");
          await held.event("resumed");
        }
        await hearEachOther(alice, bob);
        await bob.press("hangUp");
        assert.equal(await alice.event("closed"), "BYE");
      },
    );

    Deno.test(
      `Browser: ${caller} calls ${callee} over ${protocol}: given up while it rings, then refused`,
      async () => {
        await using bob = await registered(callee, protocol, "1002");
        await using alice = await registered(caller, protocol, "1001");
        await ring(alice, bob);
        await alice.press("hangUp");
        assert.equal(await bob.event("closed"), "CANCEL");
        await alice.event("closed");

        await ring(alice, bob);
        await bob.press("hangUp");
        assert.equal(await alice.event("closed"), "480 Temporarily Unavailable");
      },
    );
  }

  for (const library of ["jssip", "sipjs"] as const) {
    Deno.test(
      `Browser: ${library} over ${protocol}: a wrong password is refused, the right one is not`,
      async () => {
        await using stranger = await openPhone({ chromium, pages }, {
          ...account(library, protocol, "1001"),
          password: "wrong",
        });
        assert.match(await stranger.event("registrationFailed"), /^40[13] /);
        await using _alice = await registered(library, protocol, "1001");
      },
    );

    Deno.test(
      `Browser: ${library} over ${protocol}: a page that is reloaded registers again, alone, and rings`,
      async () => {
        await using alice = await registered("sipjs", "ws", "1001");
        await using bob = await registered(library, protocol, "1002");
        await bob.reload();
        assert.equal(await bob.event("registered"), "1");
        await establish(alice, bob);
        await alice.press("hangUp");
        assert.equal(await bob.event("closed"), "BYE");
      },
    );

    Deno.test(
      `Browser: ${library} over ${protocol}: nobody is there when the tab is closed, until it is opened again`,
      async () => {
        await using alice = await registered("sipjs", "ws", "1001");
        const gone = await registered(library, protocol, "1002");
        await gone.close();
        await alice.press("call", "1002");
        assert.match(await alice.event("closed"), /^480 /);

        await using bob = await openPhone({ chromium, pages }, account(library, protocol, "1002"));
        assert.equal(await bob.event("registered"), "1");
        await ring(alice, bob);
        await alice.press("hangUp");
        assert.equal(await bob.event("closed"), "CANCEL");
      },
    );
  }
}

for (const [library, protocol] of [["jssip", "wss"], ["sipjs", "ws"]] as const) {
  Deno.test(
    `Browser: ${library} over ${protocol}: calls a baresip over UDP, holds, resumes and hangs up`,
    async () => {
      await using phone = await registeredWebRtcBaresip(desk({ answer: "auto" }));
      await using alice = await registered(library, protocol, "1001");
      await alice.press("call", "1003");
      await alice.event("established");
      await phone.event("CALL_ESTABLISHED");
      await alice.hearsAudio();
      await alice.press("hold");
      await phone.sipLine(/^a=recvonly/);
      await alice.press("resume");
      await alice.press("hangUp");
      await phone.event("CALL_CLOSED");
    },
  );

  Deno.test(`Browser: ${library} over ${protocol}: is called by a baresip over UDP, which hangs up`, async () => {
    await using phone = await registeredWebRtcBaresip(desk());
    await using alice = await registered(library, protocol, "1001");
    await phone.dial("1001");
    assert.equal(await alice.event("incoming"), "1003");
    await phone.event("CALL_RINGING");
    await alice.press("answer");
    await alice.event("established");
    await phone.event("CALL_ESTABLISHED");
    await alice.hearsAudio();
    await phone.hangUp();
    assert.equal(await alice.event("closed"), "BYE");
  });

  Deno.test(`Browser: ${library} over ${protocol}: a call with a baresip over UDP is given up by either`, async () => {
    await using phone = await registeredWebRtcBaresip(desk());
    await using alice = await registered(library, protocol, "1001");
    await alice.press("call", "1003");
    await phone.event("CALL_INCOMING");
    await alice.event("ringing");
    await alice.press("hangUp");
    await phone.event("CALL_CLOSED");
    await alice.event("closed");

    await phone.dial("1001");
    await alice.event("incoming");
    await phone.event("CALL_RINGING");
    await phone.hangUp();
    assert.equal(await alice.event("closed"), "CANCEL");
  });
}

Deno.test("Browser: jssip over wss and sipjs over ws: they call and write to each other", async () => {
  await using bob = await registered("sipjs", "ws", "1002");
  await using alice = await registered("jssip", "wss", "1001");
  assert.equal(await alice.press("message", "1002", "Grüße"), 200);
  assert.equal(await bob.event("message"), "Grüße");
  assert.equal(await bob.press("message", "1001", "zurück"), 200);
  assert.equal(await alice.event("message"), "zurück");

  for (const [caller, callee, user] of [[alice, bob, "1002"], [bob, alice, "1001"]] as const) {
    await establish(caller, callee, user);
    await hearEachOther(alice, bob);
    await callee.press("hangUp");
    assert.equal(await caller.event("closed"), "BYE");
  }
});

for (
  const [transferor, ...others] of [["sipjs", "jssip", "sipjs"], ["sipjs", "sipjs", "jssip"], [
    "jssip",
    "sipjs",
    "jssip",
  ]] as const
) {
  Deno.test(
    `Browser: ${transferor} asks a ${others[1]}, and joins it and the ${others[0]} that it talks to`,
    async () => {
      await using alice = await registered(transferor, "ws", "1001");
      await using bob = await registered(others[0], "wss", "1002");
      await using carol = await registered(others[1], "ws", "1003");
      await establish(alice, bob, "1002");
      await alice.press("hold");
      await establish(alice, carol, "1003");
      const [, caller] = await Promise.all([alice.press("join"), carol.event("incoming")]);
      assert.equal(caller, "1002");
      await bob.event("established");
      await hearEachOther(bob, carol);
      await bob.press("hangUp");
      await carol.event("closed");
    },
  );
}

Deno.test("Browser: a tab that is closed while it rings ends the call at once", async () => {
  await using alice = await registered("jssip", "wss", "1001");
  const bob = await registered("sipjs", "ws", "1002");
  await ring(alice, bob);
  await bob.close();
  assert.match(await alice.event("closed"), /^480 /);
});

Deno.test("Browser: two tabs with one account: both ring, one answers, the other is cancelled", async () => {
  await using one = await registered("jssip", "wss", "1001");
  await using other = await registered("sipjs", "ws", "1001");
  await using phone = await registeredWebRtcBaresip(desk());
  for (const [quick, slow] of [[one, other], [other, one]]) {
    await phone.dial("1001");
    await Promise.all([quick.event("incoming"), slow.event("incoming")]);
    await quick.press("answer");
    assert.equal(await slow.event("closed"), "CANCEL");
    await quick.event("established");
    await phone.event("CALL_ESTABLISHED");
    await quick.press("hangUp");
    await phone.event("CALL_CLOSED");
  }
});

Deno.test("Browser: two tabs with one account: one is closed, the other rings alone", async () => {
  await using alice = await registered("sipjs", "ws", "1002");
  await using one = await registered("jssip", "ws", "1001");
  const other = await openPhone({ chromium, pages }, account("sipjs", "wss", "1001"));
  assert.equal(await other.event("registered"), "2");
  await other.close();
  await ring(alice, one, "1001");
  await one.press("hangUp");
  assert.equal(await alice.event("closed"), "480 Temporarily Unavailable");
});

Deno.test(
  "Browser: a desk phone without encryption refuses what browsers offer, and the browser learns it",
  async () => {
    await using _phone = await registeredBaresip(desk({ answer: "auto" }));
    await using alice = await registered("jssip", "wss", "1001");
    await alice.press("call", "1003");
    assert.match(await alice.event("closed"), /^488 /);
  },
);

function account(library: Library, protocol: Protocol, user: string): BrowserPhoneOptions {
  return { library, server: `${protocol}://${address}:${portOf(protocol)}`, user };
}

function registered(library: Library, protocol: Protocol, user: string): Promise<BrowserPhone> {
  return registeredPhone({ chromium, pages }, account(library, protocol, user));
}

function portOf(protocol: Protocol | "udp"): number {
  return server.endpointOf({ protocol, address }).port;
}

function desk(options: Partial<BaresipOptions> = {}): BaresipOptions {
  return { user: "1003", server: portOf("udp"), ...options };
}

async function ring(caller: BrowserPhone, callee: BrowserPhone, user = "1002"): Promise<void> {
  await caller.press("call", user);
  assert.equal(await callee.event("incoming"), user === "1001" ? "1002" : "1001");
  assert.match(await caller.event("ringing"), /^180 /);
}

async function establish(caller: BrowserPhone, callee: BrowserPhone, user?: string): Promise<void> {
  await ring(caller, callee, user);
  await callee.press("answer");
  await Promise.all([caller.event("established"), callee.event("established")]);
}

async function hearEachOther(one: BrowserPhone, other: BrowserPhone): Promise<void> {
  await Promise.all([one.hearsAudio(), other.hearsAudio()]);
}
