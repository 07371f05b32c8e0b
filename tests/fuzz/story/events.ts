/** Requests outside of dialogs that are no calls: messages, subscriptions, publications, references. */
import { hole } from "../message/holes.ts";
import { oddUri } from "../mutation/odd_uris.ts";
import { NUMBERS } from "../mutation/odd_values.ts";
import { register } from "./registrations.ts";
import { contactOf } from "./requests.ts";
import { MOSTLY, type Story } from "./story.ts";

const METHODS = [
  "MESSAGE",
  "SUBSCRIBE",
  "PUBLISH",
  "REFER",
  "OPTIONS",
  "INFO",
  "NOTIFY",
  "UPDATE",
  "PRACK",
  "INVITE",
];

export function eventStory(story: Story): void {
  const { lane, random } = story;
  register(story, "bob");
  const from = random.one(["alice", "tcp", "ws", "peer", "gateway"] as const);
  for (let count = 4 + random.below(6); count > 0; count--) {
    const method = random.one(METHODS);
    const uri = random.one([
      story.aorOf("bob"),
      story.aorOf("bob"),
      story.aorOf("bob"),
      `sip:${lane.did}@${lane.domain}`,
      `sip:9${random.below(1e6)}@${lane.domain}`,
      `sip:${lane.domain}`,
      `sip:${hole("server")}`,
      story.aorOf("peer"),
      oddUri(random),
    ]);
    const rows = random.some([
      `Contact: ${contactOf(lane, from)}`,
      "Event: presence",
      `Expires: ${random.one(NUMBERS)}`,
      `Refer-To: <${oddUri(random)}>`,
      "Accept: application/pidf+xml",
      `SIP-If-Match: x${count}`,
      `Route: <sip:${hole("server")};lr>`,
    ], 2);
    const callId = random.chance() ? undefined : `${story.callId}-${count}`;
    const sketch = {
      method,
      uri,
      from,
      rows,
      isSigned: random.chance(0.95),
      body: random.one(["", "", "hello"]),
    };
    story.send(callId === undefined ? sketch : { ...sketch, callId }, random.chance(0.3) ? 0 : MOSTLY);
    if (random.chance(0.5)) answer(story, method);
  }
}

function answer(story: Story, of: string): void {
  const { lane, random } = story;
  const status = random.one([
    "200 OK",
    "202 Accepted",
    "404 N",
    "401 U",
    "489 Bad Event",
    "503 S",
    "100 T",
    "300 M",
  ]);
  const rows = [`Contact: ${contactOf(lane, "bob")}`, "Expires: 60"];
  story.respond({ at: "bob", of, status, toTag: ";tag=bob", rows }, 0.5);
  if (of !== "SUBSCRIBE" || random.chance()) return;
  story.send({
    method: "NOTIFY",
    uri: hole("contact bob SUBSCRIBE Contact"),
    from: "bob",
    caller: `${hole("first bob SUBSCRIBE To")};tag=bob`,
    callee: hole("first bob SUBSCRIBE From"),
    callId: hole("first bob SUBSCRIBE Call-ID"),
    rows: [
      `Route: ${hole("all bob SUBSCRIBE Record-Route")}`,
      "Event: presence",
      `Subscription-State: ${random.one(["active;expires=60", "terminated", "pending", ""])}`,
      `Contact: ${contactOf(lane, "bob")}`,
    ],
  }, 0.5);
}
