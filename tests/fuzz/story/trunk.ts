/** Calls in and out by a gateway, its challenges, and how it answers registrations. */
import { hole } from "../message/holes.ts";
import { NUMBERS } from "../mutation/odd_values.ts";
import { call } from "./calls.ts";
import { register } from "./registrations.ts";
import { RARELY, type Story } from "./story.ts";

const CHALLENGES = [
  'Digest realm="provider",nonce="n1",qop="auth"',
  'Digest realm="provider",nonce="n2",algorithm=MD5',
  'Digest realm="provider",nonce="n3",algorithm=SHA-256,qop="auth,auth-int",opaque="o"',
  'Digest realm="provider",nonce="n4",algorithm=MD5-sess,qop="auth-int"',
  'Digest realm="provider",nonce="n5",stale=true,qop=auth',
  'Digest realm="",nonce="",qop=""',
  'Basic realm="provider"',
  "Digest",
  'Digest realm="a\\"b",nonce="\\",opaque="\xff"',
];

export function callOutStory(story: Story): void {
  const { lane, random } = story;
  if (random.chance(0.5)) return registrationAnswers(story);
  const uri = `sip:9${random.below(1e6)}@${lane.domain}`;
  const caller = random.one(["alice", "tcp", "ws"] as const);
  // The challenge is for the INVITE that the call begins with.
  const begun = story.steps.length;
  call(story, { caller, callee: "gateway", uri, isSigned: true });
  if (random.chance(0.3)) return;
  const rest = story.steps.splice(begun + 1);
  for (let count = 1 + random.below(2); count > 0; count--) {
    challenge(story, "INVITE", count === 1 ? RARELY : 0.8);
  }
  story.steps.push(...rest);
  if (random.chance(0.2)) challenge(story, "BYE", 0.5);
}

export function callInStory(story: Story): void {
  const { lane, random } = story;
  register(story, "bob");
  const from = random.one([
    `<sip:+49301@${hole("at gateway")}>;tag=gateway`,
    `"Anonymous" <sip:anonymous@anonymous.invalid>;tag=gateway`,
    `<tel:+49301>;tag=gateway`,
    `<sip:${lane.userOf("alice")}@${lane.domain}>;tag=gateway`,
  ]);
  const uri = random.one([
    `sip:${lane.did}@${hole("server")}`,
    `sip:${lane.did}@${lane.domain}`,
    `tel:${lane.did}`,
  ]);
  call(story, { caller: "gateway", callee: "bob", uri, from, isSigned: false });
}

function challenge(story: Story, of: string, damage: number): void {
  const { random } = story;
  const isProxy = random.chance();
  const name = isProxy ? "Proxy-Authenticate" : "WWW-Authenticate";
  const status = isProxy ? "407 Proxy Authentication Required" : "401 Unauthorized";
  const values = random.chance(0.6) ? CHALLENGES.slice(0, 3) : random.some(CHALLENGES);
  story.respond({
    at: "gateway",
    of,
    status,
    toTag: ";tag=gateway",
    rows: values.map((one) => `${name}: ${one}`),
  }, damage);
}

/** Answers to the registration that we make at the gateway: challenges, lifetimes, other contacts, redirections. */
function registrationAnswers(story: Story): void {
  const { random } = story;
  for (let round = 1 + random.below(4); round > 0; round--) {
    challenge(story, "REGISTER", random.chance() ? 0 : 0.5);
    const status = random.one([
      "200 OK",
      "200 OK",
      "423 Interval Too Brief",
      "302 Moved",
      "503 S",
      "404 N",
      "100 T",
    ]);
    const contact = hole("first gateway REGISTER Contact");
    const rows = random.some([
      `Contact: ${contact};expires=${random.one(NUMBERS)}`,
      `Contact: <sip:other@127.88.0.1>;expires=30, ${contact};expires=60`,
      `Expires: ${random.one(NUMBERS)}`,
      `Min-Expires: ${random.one(NUMBERS)}`,
      `Retry-After: ${random.one(NUMBERS)}`,
      `Service-Route: <sip:${hole("at gateway")};lr>`,
      `Date: ${random.one(["Sat, 13 Nov 2010 23:29:00 GMT", "x"])}`,
      `P-Associated-URI: <sip:a@b>,<tel:1>`,
    ]);
    story.respond(
      { at: "gateway", of: "REGISTER", status, toTag: ";tag=gateway", rows },
      random.chance() ? 0 : 0.6,
    );
    story.pass(random.one([1, 31, 61, 400, 3_700]));
  }
}
