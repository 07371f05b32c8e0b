/** "Why did this call, this registration, this login fail?": one line at the default log level, and the event alike. */
import assert from "node:assert/strict";
import type { ServerEvent } from "../../src/core/server_events.ts";
import { logged } from "../support/log_lines.ts";
import { agent, domain, peer } from "../support/resources.ts";
import { ladder, type LadderOptions, type Network } from "../support/scenario.ts";
import { did, gateway } from "../support/resources.ts";
import { credentialsLine, withLines } from "../support/sip_text.ts";
import { NUMBER, TRUNK, trunkOf } from "../support/trunk.ts";

const WORLD: LadderOptions = {
  domains: [],
  agents: [],
  spec: { accessControlList: { deny: ["192.0.2.66"] } },
  resources: [
    domain("sip.local"),
    domain("fenced.local", { accessControlList: { deny: ["192.0.2.67"] } }),
    domain("trunk.local", { egressPolicy: { rule: "0\\d+", didRef: "DID0001" } }),
    domain("other.local"),
    ...["alice", "bob", "dave"].map((username) => agent(username)),
    agent("carol", { domains: ["other.local"] }),
    agent("harry", {
      credentials: {
        username: "harry",
        ha1: [{ realm: "sip.local", sha256: "0".repeat(64) }],
      },
    }),
    agent("tina", { domains: ["trunk.local"] }),
    gateway("GW0001", TRUNK),
    did("DID0001", { gwRef: "GW0001", telUrl: `tel:${NUMBER}`, aorLink: "sip:gone@sip.local" }),
    peer("ast", { device: "astserver" }),
  ],
};

const FAILED = "Authentication failed:";
const ALICE = "sip:alice@sip.local from udp 192.0.2.11:5060";
const MALLORY = { address: "192.0.2.99", domain: "elsewhere.example" };

/** Actions that fail, with the one log line of each. */
const REFUSALS: Readonly<Record<string, [act: (net: Network) => void, line: string]>> = {
  "a registration with a wrong password": [
    (net) => {
      const alice = net.phone("alice");
      alice.authenticate(alice.send("REGISTER sip:sip.local SIP/2.0"), alice.expect("401"), {
        secret: "wrong",
      });
    },
    `${FAILED} alice from udp 192.0.2.11:5060 (REGISTER): 401 Unauthorized ` +
    "(wrong password: alice in realm sip.local)",
  ],
  "a registration with a nonce of its own": [
    (net) => {
      const alice = net.phone("alice");
      alice.authenticate(alice.send("REGISTER sip:sip.local SIP/2.0"), alice.expect("401"), {
        nonce: "a-b-c",
      });
    },
    `REGISTER of ${ALICE} to sip:sip.local: 401 Unauthorized ` +
    "(alice answers a challenge that is not of this server, or forgotten)",
  ],
  "a registration with credentials that nobody asked for": [
    (net) =>
      void net.phone("alice").send(
        'REGISTER sip:sip.local SIP/2.0\nAuthorization: Digest username="alice", realm="x", nonce="1", uri="sip:x", response="2"',
      ),
    `REGISTER of ${ALICE} to sip:sip.local: 401 Unauthorized ` +
    "(no credentials that can be used in realm sip.local)",
  ],
  "a registration with credentials for another registrar": [
    (net) => {
      const alice = net.phone("alice");
      const request = alice.send("REGISTER sip:sip.local SIP/2.0");
      const challenge = alice.expect("401");
      const { username, secret } = alice;
      const line = credentialsLine(request.replace("sip:sip.local", "sip:a:pw@evil.test"), challenge, {
        username,
        secret,
      });
      alice.sendAsIs(withLines(request.replace("branch=z9hG4bK", "branch=z9hG4bKx"), [line]));
    },
    `REGISTER of ${ALICE} to sip:sip.local: 400 Credentials Are For Another URI ` +
    "(credentials of alice for sip:a:…@evil.test)",
  ],
  "a registration of an agent without a hash for the realm": [
    (net) => void net.phone("harry", { address: "192.0.2.11" }).tryRegister(),
    `${FAILED} harry from udp 192.0.2.11:5060 (REGISTER): 401 Unauthorized ` +
    "(no ha1 for MD5: harry in realm sip.local)",
  ],
  "a registration of nobody we know": [
    (net) => net.phone("eve", { address: "192.0.2.11" }).tryRegister(),
    `${FAILED} eve from udp 192.0.2.11:5060 (REGISTER): 401 Unauthorized ` +
    "(no such user: eve in realm sip.local)",
  ],
  "a call with a wrong password": [
    (net) => {
      const alice = net.phone("alice");
      alice.authenticate(alice.send("INVITE sip:bob@sip.local SIP/2.0"), alice.expect("407"), {
        secret: "x",
      });
    },
    `${FAILED} alice from udp 192.0.2.11:5060 (INVITE): 407 Proxy Authentication Required ` +
    "(wrong password: alice in realm sip.local)",
  ],
  "a call to nobody": [
    (net) => void net.phone("alice").sendAuthenticated("INVITE sip:9@sip.local SIP/2.0"),
    `INVITE of ${ALICE} to sip:9@sip.local: 404 Not Found (no agent, peer or DID has the name 9, ` +
    "and sip.local has no egressPolicy)",
  ],
  "a number that the policy keeps in": [
    (net) =>
      void net.phone("tina", { domain: "trunk.local" }).sendAuthenticated("INVITE sip:9@trunk.local SIP/2.0"),
    "INVITE of sip:tina@trunk.local from udp 192.0.2.99:5060 to sip:9@trunk.local: 404 Not Found " +
    "(no agent, peer or DID has the name 9, and the egressPolicy of trunk.local does not let it out)",
  ],
  "a call to somebody without a device": [
    (net) => void net.phone("alice").sendAuthenticated("INVITE sip:dave:pw@sip.local;x=y SIP/2.0"),
    `INVITE of ${ALICE} to sip:dave@sip.local: 480 Temporarily Unavailable (no device of dave is registered)`,
  ],
  "a call to a number whose agent is gone": [
    (net) => void net.phone("alice").sendAuthenticated(`INVITE sip:${NUMBER}@sip.local SIP/2.0`),
    `INVITE of ${ALICE} to sip:${NUMBER}@sip.local: 404 Not Found (nobody is sip:gone@sip.local)`,
  ],
  "a call from the trunk for no number of its own": [
    (net) => void trunkOf(net).send("INVITE sip:555@sip.local SIP/2.0"),
    `INVITE of sip:+49301@${TRUNK} from udp ${TRUNK}:5060 to sip:555@sip.local: 404 Not Found ` +
    "(no agent, and no DID of the gateway it came from)",
  ],
  "a call to another domain of ours": [
    (net) => void net.phone("alice").sendAuthenticated("INVITE sip:carol@other.local SIP/2.0"),
    `INVITE of ${ALICE} to sip:carol@other.local: 403 Forbidden (interDomainCalls is off)`,
  ],
  "a call to another host": [
    (net) => void net.phone("alice").sendAuthenticated("MESSAGE sip:x@elsewhere.example SIP/2.0"),
    `MESSAGE of ${ALICE} to sip:x@elsewhere.example: 403 Forbidden (no domain or peer of this server)`,
  ],
  "a call under another's name": [
    (net) => {
      const alice = net.phone("alice");
      alice.sendAuthenticated("MESSAGE sip:bob@sip.local SIP/2.0\nFrom: <sip:bob@sip.local>;tag=1");
    },
    "MESSAGE of sip:bob@sip.local from udp 192.0.2.11:5060 to sip:bob@sip.local: " +
    "403 From Is Not Your Address-Of-Record",
  ],
  "a call of an unknown user": [
    (net) => void net.phone("mallory", MALLORY).send("INVITE sip:bob@sip.local SIP/2.0"),
    "INVITE of sip:mallory@elsewhere.example from udp 192.0.2.99:5060 to sip:bob@sip.local: 403 Forbidden " +
    "(From names no domain, peer or gateway of this server, and the address is unknown)",
  ],
  "a registration at a host that is not ours": [
    (net) => void net.phone("mallory", MALLORY).send("REGISTER sip:elsewhere.example SIP/2.0"),
    "REGISTER of sip:mallory@elsewhere.example from udp 192.0.2.99:5060 to sip:elsewhere.example: 403 Forbidden " +
    "(the Request-URI names no domain or address of this server)",
  ],
  "a Route to somewhere else": [
    (net) =>
      void net.phone("alice").sendAuthenticated(
        "INVITE sip:bob@sip.local SIP/2.0\nRoute: <sip:proxy.example;lr>",
      ),
    `INVITE of ${ALICE} to sip:bob@sip.local: 403 Forbidden (Route leads elsewhere: <sip:proxy.example;lr>)`,
  ],
  "a hop too many": [
    (net) => void net.phone("alice").send("INVITE sip:bob@sip.local SIP/2.0\nMax-Forwards: 0"),
    `INVITE of ${ALICE} to sip:bob@sip.local: 483 Too Many Hops`,
  ],
  "an extension that is not there": [
    (net) => void net.phone("alice").send("REGISTER sip:sip.local SIP/2.0\nRequire: 100rel, x"),
    `REGISTER of ${ALICE} to sip:sip.local: 420 Bad Extension (not supported: 100rel, x)`,
  ],
  "a scheme that nobody has": [
    (net) => void net.phone("alice").send("INVITE http:bob SIP/2.0\nTo: <sip:bob@sip.local>"),
    `INVITE of ${ALICE} to http:bob: 416 Unsupported URI Scheme`,
  ],
  "a method that is not for the server": [
    (net) => void net.phone("alice").send("INVITE sip:sip.local SIP/2.0"),
    `INVITE of ${ALICE} to sip:sip.local: 405 Method Not Allowed`,
  ],
  "a tag that is none": [
    (net) => void net.phone("alice").send('INVITE sip:bob@sip.local SIP/2.0\nTo: <sip:bob@sip.local>;tag=""'),
    `INVITE of ${ALICE} to sip:bob@sip.local: 400 To is malformed`,
  ],
  "a From that is none": [
    (net) =>
      void net.phone("alice").send("INVITE sip:bob:pw@sip.local SIP/2.0\nFrom: sip:alice:pw@sip.local>"),
    "INVITE of sip:alice:…@sip.local> from udp 192.0.2.11:5060 to sip:bob:…@sip.local: 400 From is malformed",
  ],
  "an address that the server denies": [
    (net) => void net.phone("alice", { address: "192.0.2.66" }).send("REGISTER sip:sip.local SIP/2.0"),
    "REGISTER of sip:alice@sip.local from udp 192.0.2.66:5060 to sip:sip.local: 403 Forbidden " +
    "(access control list of the server)",
  ],
  "an address that the domain denies": [
    (net) =>
      void net.phone("alice", { address: "192.0.2.67", domain: "fenced.local" }).send(
        "REGISTER sip:fenced.local SIP/2.0",
      ),
    "REGISTER of sip:alice@fenced.local from udp 192.0.2.67:5060 to sip:fenced.local: 403 Forbidden " +
    "(access control list of the domain)",
  ],
};

for (const [what, [act, line]] of Object.entries(REFUSALS)) {
  Deno.test(
    `The log tells at the default level why it failed: ${what}`,
    ladder(WORLD, async (net) => {
      const events: ServerEvent[] = [];
      net.server.events.listen((event) => events.push(event));
      const lines = await logged("info", async () => {
        act(net);
        await net.settle();
      });
      takeAll(net);
      assert.deepEqual(lines, [`info  refused: ${line.startsWith(FAILED) ? line : `Refused ${line}`}`]);
      const [, status, , why] = /: (\d{3}) ([^(]*)(?: \((.*)\))?$/.exec(line)!;
      const reason = why ?? / \d{3} (.*)$/.exec(line)![1];
      const told = events.filter(({ type }) => type === "request.denied" || type === "authentication.failed");
      assert.deepEqual(told.map(({ data }) => [data.status, data.reason]), [[Number(status), reason]]);
    }),
  );
}

Deno.test(
  "The log tells why a request was refused for overload",
  ladder({ spec: { limits: { maxTransactions: 1 } } }, async (net) => {
    net.registered("bob");
    const lines = await logged("info", () => {
      net.phone("alice").sendAuthenticated("MESSAGE sip:bob@sip.local SIP/2.0");
      net.phone("alice").expect("503");
    });
    assert.deepEqual(lines, [
      `info  refused: Refused MESSAGE of ${ALICE} to sip:bob@sip.local: 503 Service Unavailable (too many transactions)`,
    ]);
  }),
);

Deno.test(
  "A NOTIFY that keeps a NAT mapping alive is not worth a line",
  ladder(async (net) => {
    const lines = await logged("info", () => {
      net.phone("alice").send("NOTIFY sip:sip.local SIP/2.0\nEvent: keep-alive");
      net.phone("alice").expect("405");
    });
    assert.deepEqual(lines, []);
  }),
);

Deno.test(
  "A challenge that is answered is no failure",
  ladder(async (net) => {
    const lines = await logged("info", () => {
      net.registered("bob");
      net.phone("alice").sendAuthenticated("MESSAGE sip:bob@sip.local SIP/2.0");
      net.phone("bob").expect("MESSAGE");
    });
    assert.deepEqual(lines, [
      "info  registrar: sip:bob@sip.local registered sip:bob@192.0.2.12:5060 for 3600 s from udp 192.0.2.12:5060",
    ]);
  }),
);

Deno.test(
  "A flood has thirty lines a minute, and then the number of those that were left out",
  ladder(async (net) => {
    const lines = await logged("info", () => {
      const alice = net.phone("alice");
      for (let i = 0; i < 50; i++) alice.send("INVITE sip:bob@sip.local SIP/2.0\nMax-Forwards: 0");
      alice.takeAll();
      net.clock.advance(60_000);
    });
    assert.equal(lines.length, 31);
    assert.equal(lines.at(-1), "info  refused: Refused 20 more requests from 192.0.2.11 within a minute");
  }),
);

Deno.test(
  "Whoever hears nothing is told of once a minute",
  ladder(async (net) => {
    const lines = await logged("info", () => {
      const flooder = net.phone("eve", { address: "192.0.2.98", domain: "elsewhere.example" });
      for (let i = 0; i < 80; i++) flooder.send("OPTIONS sip:sip.local SIP/2.0");
      flooder.takeAll();
      net.clock.advance(180_000);
    });
    assert.deepEqual(lines, [
      "info  access: Dropped 20 messages of strangers within a minute, unread",
    ]);
  }),
);

Deno.test(
  "A request can neither forge a line, nor steer the terminal, nor make a line of any length",
  ladder(async (net) => {
    const [line, ...others] = await logged("info", () => {
      const user = `a%0d%0a${"x".repeat(5000)}`;
      const mallory = net.phone("mallory", MALLORY);
      mallory.send(
        `INVITE sip:bob@sip.local SIP/2.0\nFrom: "\x1b[31m" <sip:${user}@elsewhere.example>;tag=1`,
      );
      mallory.expect("403");
    });
    assert.deepEqual(others, []);
    assert.ok(line.length < 1000 && [...line].every((character) => character >= " "), line);
  }),
);

Deno.test(
  "From traceLevel 1 on each registration has its line: added, refreshed, removed, expired",
  ladder(async (net) => {
    const lines = await logged("debug", () => {
      const bob = net.registered("bob");
      bob.register(`Contact: <${bob.uri}>;expires=600`);
      bob.register(`Contact: <${bob.uri}>;expires=0`);
      bob.register(`Contact: <${bob.uri}>;expires=60`);
      net.clock.advance(100_000);
    });
    const bob = "info  registrar: sip:bob@sip.local";
    const contact = "sip:bob@192.0.2.12:5060";
    assert.deepEqual(lines.filter((line) => line.startsWith("info ")), [
      `${bob} registered ${contact} for 3600 s from udp 192.0.2.12:5060`,
      `${bob} registered ${contact} for 600 s from udp 192.0.2.12:5060`,
      `${bob} unregistered ${contact} from udp 192.0.2.12:5060`,
      `${bob} registered ${contact} for 60 s from udp 192.0.2.12:5060`,
      `${bob} lost ${contact}: expired`,
    ]);
  }),
);

/** Takes every answer, so that none of them is unexpected. */
function takeAll(net: Network): void {
  for (const { flows } of Object.values(net.transports)) for (const { sent } of flows) sent.length = 0;
}
