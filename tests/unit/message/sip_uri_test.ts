import assert from "node:assert/strict";
import { SipUri } from "../../../src/message/sip_uri.ts";

function uri(text: string): SipUri {
  const parsed = SipUri.parse(text);
  assert.ok(parsed, `${text} is well-formed`);
  return parsed;
}

/** Reports whether two URIs are equal, after checking that equality is symmetric. */
function areEqual(a: string, b: string): boolean {
  const equal = uri(a).equals(uri(b));
  assert.equal(uri(b).equals(uri(a)), equal, `${a} and ${b}, the other way round`);
  return equal;
}

Deno.test("SipUri.parse() reads the examples of §19.1.3", () => {
  type Parts = Partial<Record<"user" | "password" | "host" | "parameters" | "headers", string>>;
  const table: [text: string, parts: Parts][] = [
    ["sip:alice@atlanta.com", { user: "alice", host: "atlanta.com" }],
    ["sip:alice:secretword@atlanta.com;transport=tcp", {
      user: "alice",
      password: "secretword",
      host: "atlanta.com",
      parameters: ";transport=tcp",
    }],
    ["sips:alice@atlanta.com?subject=project%20x&priority=urgent", {
      user: "alice",
      host: "atlanta.com",
      headers: "?subject=project%20x&priority=urgent",
    }],
    ["sip:+1-212-555-1212:1234@gateway.com;user=phone", {
      user: "+1-212-555-1212",
      password: "1234",
      host: "gateway.com",
      parameters: ";user=phone",
    }],
    ["sips:1212@gateway.com", { user: "1212", host: "gateway.com" }],
    ["sip:alice@192.0.2.4", { user: "alice", host: "192.0.2.4" }],
    ["sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com", {
      host: "atlanta.com",
      parameters: ";method=REGISTER",
      headers: "?to=alice%40atlanta.com",
    }],
    ["sip:alice;day=tuesday@atlanta.com", { user: "alice;day=tuesday", host: "atlanta.com" }],
  ];
  for (const [text, parts] of table) {
    const { secure, user, password, host, port, parameters, headers } = uri(text);
    assert.deepEqual(
      { secure, user, password, host, port, parameters, headers },
      {
        secure: text.startsWith("sips"),
        user: undefined,
        password: undefined,
        port: undefined,
        parameters: "",
        headers: "",
        ...parts,
      },
      text,
    );
    assert.equal(uri(text).toString(), text);
  }
});

Deno.test("SipUri.parse() reads scheme and host in any case, ports and IPv6 references", () => {
  const table: [text: string, secure: boolean, host: string, port: number | undefined][] = [
    ["SIP:a@B.Example", false, "b.example", undefined],
    ["SiPs:a@b", true, "b", undefined],
    ["sip:a@b:5060", false, "b", 5060],
    ["sip:a@b:65535", false, "b", 65535],
    ["sip:b:5061", false, "b", 5061],
    ["sip:a@[2001:DB8::10]", false, "[2001:db8::10]", undefined],
    ["sip:a@[2001:db8::10]:5070;lr", false, "[2001:db8::10]", 5070],
    ["sip:[::1]", false, "[::1]", undefined],
    ["sip:a@[::ffff:192.0.2.10]", false, "[::ffff:c000:20a]", undefined],
    ["sip:a@_sip.example", false, "_sip.example", undefined],
  ];
  for (const [text, secure, host, port] of table) {
    const parsed = uri(text);
    assert.deepEqual([parsed.secure, parsed.host, parsed.port], [secure, host, port], text);
  }
});

Deno.test("SipUri.parse() refuses what the grammar does not allow", () => {
  for (
    const text of [
      "",
      "s",
      "sip",
      "sip:",
      "sips:",
      "sipx:a@b",
      "tel:+1",
      "http://a@b",
      " sip:a@b",
      "sip:a@b ",
      "<sip:a@b>",
      "sip:@b",
      "sip::secret@b",
      "sip:a@",
      "sip:a@b@c",
      "sip:a b@c",
      "sip:a<b@c",
      'sip:"a"@c',
      "sip:\xc3\xa9@c",
      "sip:a%@b",
      "sip:a%4@b",
      "sip:a%zz@b",
      "sip:a:%4z@b",
      "sip:a@b:",
      "sip:a@b:x",
      "sip:a@b:5060x",
      "sip:a@b:-1",
      "sip:a@b:65536",
      "sip:a@b:4294972356",
      "sip:a@b c",
      "sip:a@b%41",
      "sip:a@b/c",
      "sip:a@[]",
      "sip:a@[::1",
      "sip:a@::1",
      "sip:a@[::1]x",
      "sip:a@b;x=%4",
      "sip:a@b;x y",
      'sip:a@b;x="y"',
      "sip:a@b;x=<y>",
      "sip:a@b?x y",
      "sip:a@b?x=%z1",
      "sip:a@b?x=<y>",
      "sip:a@b\r\n",
    ]
  ) assert.equal(SipUri.parse(text), undefined, JSON.stringify(text));
});

Deno.test("§25.1: an IPv6 reference holds an IPv6 address and nothing else", () => {
  for (
    const host of ["[zzz]", "[1:2]", "[192.0.2.1]", "[::1::2]", "[hello world]", "[12345::]", "[::1;lr]"]
  ) {
    assert.equal(SipUri.parse(`sip:a@${host}`), undefined, host);
  }
});

Deno.test("SipUri.parse() throws at no prefix and no suffix of a URI", () => {
  const text = "sips:a%20b;c:pw%41@[2001:db8::1]:5061;transport=tcp;x=%5B;lr?to=sip:b%40c&y=[z]";
  assert.ok(SipUri.parse(text));
  for (let at = 0; at <= text.length; at++) {
    SipUri.parse(text.slice(0, at));
    SipUri.parse(text.slice(at));
  }
});

Deno.test("SipUri.parameter() finds parameters in any case, escapes undone", () => {
  const parsed = uri("sip:a@b;Transport=TCP;lr;name=a%20b%3bc;%6cine=x-1;empty=");
  assert.equal(parsed.parameter("transport"), "TCP");
  assert.equal(parsed.parameter("lr"), "");
  assert.equal(parsed.parameter("name"), "a b;c");
  assert.equal(parsed.parameter("line"), "x-1");
  assert.equal(parsed.parameter("empty"), "");
  assert.equal(parsed.parameter("lrx"), undefined);
  assert.equal(uri("sip:a;lr@b").parameter("lr"), undefined);
  assert.equal(uri("sip:a@b?lr=1").parameter("lr"), undefined);
});

Deno.test("SipUri.userText is the user with escapes undone, as UTF-8", () => {
  assert.equal(uri("sip:b").userText, "");
  assert.equal(uri("sip:%61lice@b").userText, "alice");
  assert.equal(uri("sip:Zo%C3%AB@b").userText, "Zoë");
  assert.equal(uri("sip:100%25@b").userText, "100%");
});

Deno.test("§10.3 step 5: the address-of-record has no parameters, and escapes are undone", () => {
  const table: [text: string, addressOfRecord: string][] = [
    ["sip:alice@atlanta.com", "sip:alice@atlanta.com"],
    ["sip:%61lice@ATLANTA.com;transport=tcp;user=phone", "sip:alice@atlanta.com"],
    ["sip:alice:secret@atlanta.com:5070?subject=x", "sip:alice@atlanta.com"],
    ["sips:alice@atlanta.com", "sips:alice@atlanta.com"],
    ["sip:Alice@atlanta.com", "sip:Alice@atlanta.com"],
    ["sip:Zo%c3%ab@atlanta.com", "sip:Zoë@atlanta.com"],
    ["sip:atlanta.com", "sip:atlanta.com"],
    ["sip:a@[2001:DB8::1]:5070", "sip:a@[2001:db8::1]"],
  ];
  for (const [text, addressOfRecord] of table) assert.equal(uri(text).addressOfRecord, addressOfRecord);
});

Deno.test("§19.1.4: the URIs that the RFC calls equivalent", () => {
  for (
    const [a, b] of [
      ["sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"],
      ["sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"],
      ["sip:carol@chicago.com", "sip:carol@chicago.com;security=on"],
      ["sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"],
      [
        "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
        "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
      ],
      [
        "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
        "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
      ],
    ]
  ) assert.equal(areEqual(a, b), true, `${a} and ${b}`);
});

Deno.test("§19.1.4: the URIs that the RFC calls not equivalent", () => {
  for (
    const [a, b] of [
      ["SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"],
      ["sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"],
      ["sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"],
      ["sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"],
      ["sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"],
      ["sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"],
      ["sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"],
    ]
  ) assert.equal(areEqual(a, b), false, `${a} and ${b}`);
});

Deno.test("§19.1.4: the rules that the tables leave out", () => {
  const table: [a: string, b: string, equal: boolean, rule: string][] = [
    ["sip:a@b", "sips:a@b", false, "sip is never sips"],
    ["sip:a@b", "sip:b", false, "a user on one side only"],
    ["sip:a:pw@b", "sip:a@b", false, "a password on one side only"],
    ["sip:a:pw@b", "sip:a:PW@b", false, "the password by case"],
    ["sip:a:%70w@b", "sip:a:pw@b", true, "an escaped password"],
    ["sip:a@b;user=phone", "sip:a@b", false, "user on one side only"],
    ["sip:a@b;ttl=1", "sip:a@b", false, "ttl on one side only"],
    ["sip:a@b;method=INVITE", "sip:a@b", false, "method on one side only, though it is the default"],
    ["sip:a@b;maddr=192.0.2.1", "sip:a@b", false, "maddr on one side only"],
    ["sip:a@b;maddr=192.0.2.1", "sip:a@b;maddr=192.0.2.2", false, "different maddr"],
    ["sip:a@b;lr", "sip:a@b", true, "any other parameter on one side only"],
    ["sip:a@b;lr", "sip:a@b;lr=on", false, "a parameter on both sides must match"],
    ["sip:a@b;X=%41BC", "sip:a@b;x=aBc", true, "parameters by any case, escapes undone"],
    ["sip:a@b;x=1;y=2", "sip:a@b;y=2;x=1", true, "parameters in any order"],
    ["sip:a@b?x=1", "sip:a@b?x=1&y=2", false, "headers must be on both sides"],
    ["sip:a@b?x=1", "sip:a@b?x=2", false, "different headers"],
    ["sip:a@b?X=1", "sip:a@b?x=1", true, "header names by any case"],
    ["sip:a@b:5060", "sip:a@b:5060", true, "the same port"],
    ["sip:a@b:05060", "sip:a@b:5060", true, "the same port, written with a zero"],
  ];
  for (const [a, b, equal, rule] of table) assert.equal(areEqual(a, b), equal, `${rule}: ${a} and ${b}`);
});

Deno.test("§19.1.4: a reserved character is not its escape", () => {
  for (const [character, escape] of [[";", "%3b"], ["/", "%2F"], ["?", "%3f"], ["+", "%2b"], ["$", "%24"]]) {
    assert.equal(areEqual(`sip:a${character}b@c`, `sip:a${escape}b@c`), false, character);
  }
});

Deno.test("RFC 5954: IPv6 hosts are compared as addresses, not as text", () => {
  const table: [a: string, b: string, equal: boolean][] = [
    ["[2001:db8::9:1]", "[2001:db8::9:01]", true],
    ["[0:0:0:0:0:FFFF:129.144.52.38]", "[::FFFF:129.144.52.38]", true],
    ["[2001:DB8::1]", "[2001:db8:0:0:0:0:0:1]", true],
    ["[2001:db8::1]", "[2001:db8::2]", false],
  ];
  for (const [a, b, equal] of table) assert.equal(areEqual(`sip:bob@${a}`, `sip:bob@${b}`), equal, a);
});
