/** §16.3: what is wrong with a request is said before it is forwarded, or anybody is asked for a password. */
import assert from "node:assert/strict";
import { ladder } from "../support/scenario.ts";
import { hasHeader, header, utf8 } from "../support/sip_text.ts";

for (
  const uri of ["mailto:bob@sip.local", "http://sip.local/", "nobodyKnowsThisScheme:totallyopaquecontent"]
) {
  Deno.test(
    `§16.3 step 2: Request-URI ${uri} is answered 416`,
    ladder((net) => {
      const alice = net.phone("alice");
      alice.send(`INVITE ${uri} SIP/2.0`);
      alice.expect("416");
    }),
  );
}

const MALFORMED = {
  "§16.3 step 1: a Request-URI in angle brackets": "INVITE <sip:bob@sip.local> SIP/2.0",
  "§16.3 step 1: a Request-URI with spaces": "INVITE sip:bob@sip.local; lr SIP/2.0",
  "§16.3 step 1: a SIP URI without host": "INVITE sip:bob@ SIP/2.0",
  "§16.3 step 1: a port that is none": "INVITE sip:bob@sip.local:70000 SIP/2.0",
  "§19.1.1: header fields in the Request-URI": "INVITE sip:bob@sip.local?Route=%3Csip:x@y%3E SIP/2.0",
  "§20.22: Max-Forwards above 255": "INVITE sip:bob@sip.local SIP/2.0\nMax-Forwards: 256",
  "§20.22: Max-Forwards below 0": "INVITE sip:bob@sip.local SIP/2.0\nMax-Forwards: -1",
  "§20.16: a CSeq of another method": "INVITE sip:bob@sip.local SIP/2.0\nCSeq: 1 OPTIONS",
  "§8.1.1.5: a CSeq of 2³¹": "INVITE sip:bob@sip.local SIP/2.0\nCSeq: 2147483648 INVITE",
  "§20.20: From without a URI": "INVITE sip:bob@sip.local SIP/2.0\nFrom: nobody;tag=1",
  "§20: two Call-IDs": "INVITE sip:bob@sip.local SIP/2.0\nCall-ID: a\nCall-ID: b",
  "§18.3: Content-Length larger than the body":
    "INVITE sip:bob@sip.local SIP/2.0\nContent-Length: 10\n\nshort",
};

for (const [name, text] of Object.entries(MALFORMED)) {
  Deno.test(
    `${name}: 400`,
    ladder((net) => {
      const alice = net.phone("alice");
      alice.send(text);
      alice.expect("400");
    }),
  );
}

Deno.test(
  "§8.2: another version of SIP is answered 505",
  ladder((net) => {
    const alice = net.phone("alice");
    alice.send("INVITE sip:bob@sip.local SIP/7.0");
    alice.expect("505");
  }),
);

Deno.test(
  "§16.3 step 3: Max-Forwards 0 is answered 483, whatever the sender",
  ladder((net) => {
    const alice = net.phone("alice");
    for (const method of ["INVITE", "MESSAGE", "BYE"]) {
      alice.send(`${method} sip:bob@sip.local SIP/2.0\nMax-Forwards: 0`);
      alice.expect("483");
    }
  }),
);

Deno.test(
  "§16.3 step 3: Max-Forwards 0 is no obstacle for what is for the server itself",
  ladder((net) => {
    const alice = net.phone("alice");
    alice.send("OPTIONS sip:sip.local SIP/2.0\nMax-Forwards: 0");
    alice.expect("200");
    alice.register("Max-Forwards: 0\nContact: <sip:alice@192.0.2.11>");
  }),
);

Deno.test(
  "§16.3 step 3: Max-Forwards 1 is enough for one hop",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    alice.invite("sip:bob@sip.local", "Max-Forwards: 1");
    assert.equal(header(bob.expect("INVITE"), "Max-Forwards"), "0");
  }),
);

Deno.test(
  "§16.3 step 5: an option in Proxy-Require that we do not know is answered 420 with Unsupported",
  ladder((net) => {
    const alice = net.phone("alice");
    alice.send("INVITE sip:bob@sip.local SIP/2.0\nProxy-Require: gin\nProxy-Require: sec-agree");
    const refusal = alice.expect("420");
    assert.equal(header(refusal, "Unsupported"), "gin, sec-agree");
    assert.ok(!hasHeader(refusal, "Proxy-Authenticate"));
  }),
);

Deno.test(
  "§16.3: Require is the callee's business",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    alice.invite("sip:bob@sip.local", "Require: 100rel, future");
    assert.equal(header(bob.expect("INVITE"), "Require"), "100rel, future");
  }),
);

Deno.test(
  "§16.3: methods and headers that nobody here knows are forwarded as they are",
  ladder((net) => {
    const alice = net.phone("alice");
    const bob = net.registered("bob");
    const text = utf8('Grüße an 鮑勃; "a,b"');
    alice.sendAuthenticated(`NEWMETHOD sip:bob@sip.local SIP/2.0\nX-Whatever-Next: ${text}`);
    const atBob = bob.expect("NEWMETHOD sip:bob@192.0.2.12:5060 SIP/2.0");
    assert.equal(header(atBob, "X-Whatever-Next"), text);
    bob.answer(atBob, "299 Why Not");
    alice.expect("299 Why Not");
  }),
);
