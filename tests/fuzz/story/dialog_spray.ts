/** Requests within a dialog by both ends and others, with its flow tokens right and wrong, and answers to them. */
import { hole } from "../message/holes.ts";
import { oddUri } from "../mutation/odd_uris.ts";
import { WIRE_NAMES, type WireName } from "../world/lane.ts";
import type { CallPlan } from "./calls.ts";
import { contactOf, SDP } from "./requests.ts";
import { MOSTLY, type Story } from "./story.ts";

const METHODS = [
  "INVITE",
  "INFO",
  "UPDATE",
  "MESSAGE",
  "REFER",
  "SUBSCRIBE",
  "NOTIFY",
  "OPTIONS",
  "PRACK",
  "PUBLISH",
  "REGISTER",
  "ACK",
  "BYE",
  "CANCEL",
  "KDMQ",
];

export class DialogSpray {
  readonly #story: Story;
  readonly #plan: CallPlan;

  constructor(story: Story, plan: CallPlan) {
    this.#story = story;
    this.#plan = plan;
  }

  play(): void {
    const { random } = this.#story;
    const { caller, callee } = this.#plan;
    for (let count = 3 + random.below(10); count > 0; count--) {
      const method = random.chance(0.9) ? random.one(METHODS.slice(0, 12)) : random.one(METHODS);
      const isByCaller = random.chance(0.6);
      const text = isByCaller ? this.byCaller(method, this.#routes(caller)) : this.byCallee(method);
      const sender = isByCaller ? caller : callee;
      const isElsewhere = random.chance(0.1);
      story(this.#story, isElsewhere ? this.#anotherThan(sender) : sender, text);
      if (random.chance(0.5)) this.#answer(isByCaller ? callee : caller, method);
    }
  }

  /** The text of a request by the caller. */
  byCaller(
    method: string,
    routes = [`Route: ${hole(`all ${this.#plan.caller} 2xx/INVITE Record-Route`)}`],
  ): string {
    const { lane, random } = this.#story;
    const { caller, callee, uri, from } = this.#plan;
    const target = random.chance(0.9) ? hole(`contact ${caller} 2xx/INVITE Contact`) : oddUri(random);
    return this.#story.request({
      method,
      uri: target,
      from: caller,
      caller: from,
      callee: `<${uri}>;tag=${callee}`,
      rows: [...routes, `Contact: ${contactOf(lane, caller)}`, ...this.#extras(method)],
      isSigned: random.chance(0.3),
      body: random.chance(0.2) ? SDP : "",
    });
  }

  /** The text of a request by the callee. */
  byCallee(method: string): string {
    const { lane, random } = this.#story;
    const { callee } = this.#plan;
    return this.#story.request({
      method,
      uri: random.chance(0.9) ? hole(`contact ${callee} INVITE Contact`) : oddUri(random),
      from: callee,
      caller: `${hole(`first ${callee} INVITE To`)};tag=${callee}`,
      callee: hole(`first ${callee} INVITE From`),
      rows: [
        `Route: ${hole(`all ${callee} INVITE Record-Route`)}`,
        `Contact: ${contactOf(lane, callee)}`,
        ...this.#extras(method),
      ],
      isSigned: random.chance(0.3),
    });
  }

  #answer(at: WireName, of: string): void {
    const { random } = this.#story;
    const status = random.one([
      "200 OK",
      "202 Accepted",
      "491 Pending",
      "481 Gone",
      "401 U",
      "407 P",
      "500 E",
      "100 T",
    ]);
    this.#story.respond({ at, of, status, rows: [`Contact: ${contactOf(this.#story.lane, at)}`] }, 0.6);
  }

  #extras(method: string): string[] {
    const { lane, random } = this.#story;
    if (method === "REFER") {
      const target = random.one([
        `9${random.below(1e6)}@${lane.domain}`,
        `x@${hole("server")}`,
        "a@x.invalid",
        "",
      ]);
      return [`Refer-To: <sip:${target}>`];
    }
    if (method === "SUBSCRIBE") return ["Event: dialog", `Expires: ${random.one(["0", "60", "4294967295"])}`];
    if (method === "NOTIFY") {
      return ["Event: refer", `Subscription-State: ${random.one(["active", "terminated"])}`];
    }
    return method === "PRACK" ? [`RAck: 1 ${this.#story.cseq} INVITE`] : [];
  }

  /** The route set as it came, or flow tokens that are damaged, of both sides, or of another Record-Route. */
  #routes(at: WireName): string[] {
    const { random } = this.#story;
    const answer = `${at} 2xx/INVITE`;
    const part = (index: number) => hole(`token ${answer} ${index}`);
    const server = hole("server");
    if (random.chance(0.6)) return [`Route: ${hole(`all ${answer} Record-Route`)}`];
    return random.one([
      [`Route: <sip:${hole(`token ${answer}`)}@${server};lr>`],
      [`Route: <sip:${part(0)}.${part(2)}.${part(1)}@${server};lr>`],
      [`Route: <sip:${part(0)}.${part(1)}.${part(2)}.${part(0)}@${server};lr>`],
      [`Route: <sip:${part(0)}.${part(1)}@${server};lr>`],
      [`Route: <sip:${part(0)}.@${server};lr>`],
      [`Route: <sip:${part(0)}.${part(1)}.${part(2)}x@${server};lr>`],
      [`Route: <sips:${hole(`token ${answer}`)}@${server};lr>`],
      [`Route: <sip:${hole(`token ${answer}`)}@${server};lr>, <sip:${hole(`token ${answer}`)}@${server};lr>`],
      [`Route: <sip:${hole(`token ${answer}`)}@${server};lr>, <${oddUri(random)};lr>`],
      [`Route: <${oddUri(random)}>`],
      [],
    ]);
  }

  /** Another wire of this lane, whose messages may be delivered. */
  #anotherThan(wire: WireName): WireName {
    return this.#story.random.one(WIRE_NAMES.filter((name) => name !== wire && !name.startsWith("stranger")));
  }
}

function story(story: Story, from: WireName, text: string): void {
  story.sendText(from, text, MOSTLY);
}
