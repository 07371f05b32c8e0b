/** What is no single message: keep-alives, STUN, garbage, several messages in one piece, frames of WebSocket, RFC 4475. */
import type { Random } from "../../support/random.ts";
import { mutate } from "../mutation/mutator.ts";
import { oddRun } from "../mutation/odd_values.ts";
import { contactOf } from "./requests.ts";
import type { Story } from "./story.ts";
import { TORTURE_TEXTS } from "./torture_texts.ts";

export function rawBytesStory(story: Story): void {
  const { random } = story;
  for (let count = 4 + random.below(8); count > 0; count--) {
    const from = random.one(["alice", "bob", "tcp", "ws", "gateway"] as const);
    const text = random.one(PIECES)(story);
    const isFrame = from === "ws" && random.chance(0.5);
    story.steps.push(isFrame ? { from, text: frame(text.slice(0, 2_000), random), isFrame } : { from, text });
  }
}

const PIECES: readonly ((story: Story) => string)[] = [
  ({ random }) => "\r\n".repeat(1 + random.below(5)),
  ({ random }) => "\0".repeat(random.below(9)),
  ({ random }) => stun(random),
  ({ random }) => stun(random),
  ({ random }) => oddRun(random),
  ({ random }) => random.one(TORTURE_TEXTS),
  ({ random }) => mutate(random.one(TORTURE_TEXTS), random, TORTURE_TEXTS),
  ({ random }) => mutate(random.one(TORTURE_TEXTS), random, TORTURE_TEXTS),
  (story) => options(story) + options(story),
  (story) => options(story) + mutate(options(story), story.random, TORTURE_TEXTS) + options(story),
  (story) => `\r\n\r\n${options(story)}\r\n`,
  (story) => options(story).slice(0, story.random.below(300)),
];

function options(story: Story): string {
  const rows = [`Contact: ${contactOf(story.lane, "alice")}`];
  return story.request({ method: "OPTIONS", uri: `sip:${story.lane.domain}`, from: "alice", rows });
}

/** A binding request with attributes, right or wrong in length. */
function stun(random: Random): string {
  const attributes = random.one([
    "",
    "\x80\x22\0\x04abcd",
    "\0\x06\0\xff",
    "\x80\x28\0\x04\0\0\0\0",
    oddRun(random),
  ]);
  const length = random.chance(0.7) ? attributes.length : random.below(65_536);
  const type = random.one(["\0\x01", "\x01\x01", "\0\x11", "\0\0", "\x3f\xff"]);
  const cookie = random.chance(0.8) ? "\x21\x12\xa4\x42" : "\0\0\0\0";
  const size = String.fromCharCode(length >> 8 & 255, length & 255);
  return (type + size + cookie + "transaction!" + attributes).slice(
    0,
    random.chance(0.8) ? 60_000 : random.below(24),
  );
}

/** Bytes of a frame (RFC 6455 §5.2): mostly a masked text in a frame that is right, else anything else. */
function frame(payload: string, random: Random): string {
  const first = random.chance(0.6) ? 0x81 : random.below(256);
  const isMasked = random.chance(0.9);
  const length = random.chance(0.8) ? payload.length : random.one([0, 125, 126, 127, 65_535, 70_000]);
  const size = length < 126
    ? String.fromCharCode(length | (isMasked ? 128 : 0))
    : String.fromCharCode(126 | (isMasked ? 128 : 0), length >> 8 & 255, length & 255);
  // A mask of zeros leaves the payload as it is.
  return String.fromCharCode(first) + size + (isMasked ? "\0\0\0\0" : "") + payload;
}
