/** Requests of people without an account: nothing of them may be served or forwarded. */
import { hole } from "../message/holes.ts";
import { oddUri } from "../mutation/odd_uris.ts";
import { METHODS } from "../mutation/odd_values.ts";
import { STRANGER_MARK, TRAP_NETWORK } from "../world/lane.ts";
import { register } from "./registrations.ts";
import { MOSTLY, type Story } from "./story.ts";

export function strangerStory(story: Story): void {
  const { lane, random } = story;
  const from = random.one(["stranger", "stranger", "strangerTcp", "strangerWs"] as const);
  register(story, "bob");
  for (let count = 5 + random.below(10); count > 0; count--) {
    const method = random.chance(0.8) ? random.one(METHODS.slice(0, 14)) : random.one(METHODS);
    const uri = random.one([
      story.aorOf("bob"),
      story.aorOf("bob"),
      story.aorOf("alice"),
      `sip:${lane.did}@${lane.domain}`,
      `sip:9${random.below(1e6)}@${lane.domain}`,
      `sip:9${random.below(1e6)}@${hole("at gateway")}`,
      `sip:${lane.userOf("bob")}@${hole("at bob")}`,
      `sip:${lane.domain}`,
      `sip:${hole("server")}`,
      `sip:x@${TRAP_NETWORK}1`,
      oddUri(random),
    ]);
    const user = random.one([
      lane.userOf("alice"),
      lane.userOf("bob"),
      lane.userOf("peer"),
      lane.userOf("gateway"),
    ]);
    const host = random.one([
      lane.domain,
      lane.domain,
      hole("server"),
      hole("at gateway"),
      "anonymous.invalid",
    ]);
    const rows = random.some([
      `Contact: <sip:x@${TRAP_NETWORK}1>`,
      `Route: <sip:${random.one([hole("server"), `${TRAP_NETWORK}1`, hole("at bob")])};lr>`,
      `Record-Route: <sip:${TRAP_NETWORK}2;lr>`,
      `Path: <sip:${TRAP_NETWORK}2;lr>`,
      `P-Asserted-Identity: <sip:${user}@${lane.domain}>`,
      `Refer-To: <sip:x@${TRAP_NETWORK}1>`,
      "Event: presence",
      "Expires: 60",
    ]);
    const credentials = random.chance(0.4) ? [wrongCredentials(story, { method, user, host })] : [];
    const callee = random.chance(0.2) ? `<${uri}>;tag=x` : undefined;
    const sketch = {
      method,
      uri,
      from,
      callId: `${STRANGER_MARK}-${story.callId}-${count}`,
      rows: [...rows, ...credentials],
    };
    const caller = `${STRANGER_MARK} <sip:${user}@${host}>;tag=s`;
    story.send({ ...sketch, caller, ...callee !== undefined && { callee } }, MOSTLY);
  }
}

/** A good nonce, and a digest with another password. */
function wrongCredentials(
  story: Story,
  { method, user, host }: { method: string; user: string; host: string },
): string {
  const { random } = story;
  const name = method === "REGISTER" ? "Authorization" : "Proxy-Authorization";
  const response = random.one([hole("response mallory MD5"), "0".repeat(32), "", "\xff"]);
  return `${name}: Digest username="${user}",realm="${host}",nonce="${hole("nonce")}",uri="${hole("uri")}",` +
    `response="${response}",algorithm=MD5,qop=auth,nc=${hole("count")},cnonce="c"`;
}
