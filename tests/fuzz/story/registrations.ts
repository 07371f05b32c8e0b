/** Registrations: contacts, lifetimes and extensions of every kind. */
import { hole } from "../message/holes.ts";
import { oddUri } from "../mutation/odd_uris.ts";
import { NUMBERS } from "../mutation/odd_values.ts";
import type { WireName } from "../world/lane.ts";
import { contactOf } from "./requests.ts";
import { MOSTLY, RARELY, type Story } from "./story.ts";

/** Lets a device register, without damage. */
export function register(story: Story, from: WireName, damage = 0, parameters = ""): void {
  const { lane } = story;
  const rows = [`Contact: ${contactOf(lane, from)}${parameters}`, "Expires: 600"];
  story.send({ ...registration(story, from), rows }, damage);
}

function registration(story: Story, from: WireName) {
  const { lane, random } = story;
  return {
    method: "REGISTER",
    uri: `sip:${lane.domain}`,
    from,
    callee: `<${story.aorOf(from)}>`,
    callId: `r-${from}@lane${lane.number}`,
    algorithm: random.chance(0.1) ? "SHA-256" : "MD5",
    isSigned: true,
  } as const;
}

export function registrationStory(story: Story): void {
  const { lane, random } = story;
  const from = random.one(["alice", "bob", "tcp", "ws", "peer"] as const);
  register(story, from, RARELY);
  for (let count = 3 + random.below(8); count > 0; count--) {
    const contact = contactOf(lane, from);
    const other = `<${oddUri(random)}>`;
    const rows = random.one([
      [`Contact: ${contact}`],
      [`Contact: ${contact};q=${random.one(NUMBERS)};expires=${random.one(NUMBERS)}`],
      [`Contact: ${contact};expires=0`],
      ["Contact: *", "Expires: 0"],
      ["Contact: *", `Expires: ${random.one(NUMBERS)}`],
      [`Contact: ${contact}, ${other}`, `Contact: ${other};q=0.5`],
      [`Contact: ${`<sip:u${count}@127.88.0.1>,`.repeat(20)}${contact}`],
      [
        `Contact: ${contact};reg-id=${random.one(["1", ...NUMBERS])};+sip.instance="<urn:uuid:${
          random.below(9)
        }>"`,
        "Supported: path, outbound",
      ],
      [`Contact: ${contact};ob;+sip.instance="${random.one(["<", "<>", "\\", '"'])}"`, "Require: outbound"],
      [`Path: <sip:${hole("server")};lr>,<sip:p.invalid;lr;ob>`, "Supported: path", `Contact: ${contact}`],
      [],
    ]);
    story.send({ ...registration(story, from), rows: [...rows, ""].slice(0, rows.length) }, MOSTLY);
  }
  if (random.chance(0.1)) story.restart();
  if (random.chance(0.3)) story.pass(random.one([1, 61, 600, 7_300]));
}
