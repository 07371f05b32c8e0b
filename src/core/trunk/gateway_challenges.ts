/** Answers to the challenges of a gateway to one request (§22.2, §22.3). */
import type { Gateway } from "../../data/gateway.ts";
import type { SipResponse } from "../../message/sip_message.ts";
import type { Flow } from "../../transport/transport.ts";
import type { Authorization } from "../proxy/branch_rewrite.ts";
import {
  answerChallenges,
  type ChallengeAnswer,
  type ChallengedRequest,
  missingHash,
} from "./challenge_answer.ts";
import type { GatewayRealms } from "./gateway_realms.ts";

/** Responses of one server that get an answer: some servers have a new nonce for every request. */
const MAX_ANSWERS = 3;
/** UTF-16 units of a realm in a reason. */
const MAX_REALM_LENGTH = 100;

export class GatewayChallenges {
  readonly #gateway: Gateway;
  readonly #realms: GatewayRealms;
  readonly #maxAnswers: number;
  /**
   * The answers to the server that challenged last, by header field and realm. Every server has its own nonces; proxies
   * before it may challenge as well, and need their answers each time (§22.3).
   */
  readonly #given = new Map<string, ChallengeAnswer>();
  #count = 0;
  #server = "";

  constructor(gateway: Gateway, realms: GatewayRealms, maxAnswers = MAX_ANSWERS) {
    this.#gateway = gateway;
    this.#realms = realms;
    this.#maxAnswers = maxAnswers;
  }

  /** Header lines with the credentials given so far. */
  get lines(): readonly string[] {
    return Array.from(this.#given.values(), ({ line }) => line);
  }

  /**
   * Answers the challenges of a response that came by a flow. A second challenge of a realm means wrong credentials unless
   * it says stale, so they are not sent again (§22.2).
   */
  answer(response: SipResponse, request: ChallengedRequest, flow: Flow): Authorization {
    this.#turnTo(flow);
    const { credentials } = this.#gateway;
    if (!credentials) return refused("credentials are asked for, and none are configured");
    let foreign: string | undefined;
    const answers = answerChallenges(response, request, credentials, (realm) => {
      const isAccepted = this.#realms.accepts(this.#gateway, realm);
      if (!isAccepted) foreign ??= realm;
      return isAccepted;
    });
    if (answers.length === 0) {
      if (foreign !== undefined) return refused(foreignRealm(foreign));
      return refused(
        missingHash(response, credentials) ?? "credentials are asked for in an unsupported way",
      );
    }
    if (answers.some((answer) => !answer.isStale && this.#given.has(keyOf(answer)))) {
      return refused("wrong username or password");
    }
    if (++this.#count > this.#maxAnswers) return refused("credentials are asked for again and again");
    for (const answer of answers) this.#given.set(keyOf(answer), answer);
    return { kind: "granted", lines: this.lines.join("") };
  }

  /** Begins anew, before another server is tried. */
  restart(): void {
    this.forget();
    this.#count = 0;
  }

  /** Forgets all credentials, for a new request to the same server: they would be a replay. */
  forget(): void {
    this.#given.clear();
  }

  /** Learns the answered realms as the gateway's own, once it has accepted the request. */
  learnRealms(): void {
    for (const { realm } of this.#given.values()) this.#realms.learn(this.#gateway, realm);
  }

  #turnTo({ protocol, remoteAddress, remotePort }: Flow): void {
    const server = `${protocol} ${remoteAddress}:${remotePort}`;
    if (this.#server !== server) this.restart();
    this.#server = server;
  }
}

function keyOf({ name, realm }: ChallengeAnswer): string {
  return `${name} ${realm}`;
}

function foreignRealm(realm: string): string {
  return `realm "${realm.slice(0, MAX_REALM_LENGTH)}" is not one of its own; if it is, add it to spec.realms`;
}

function refused(reason: string): Authorization {
  return { kind: "refused", reason };
}
