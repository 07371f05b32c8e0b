/** Answers to the challenges of a gateway to one request (§22.2, §22.3). */
import type { Gateway } from "../../data/gateway.ts";
import type { SipResponse } from "../../message/sip_message.ts";
import type { Flow } from "../../transport/transport.ts";
import type { Authorization } from "../proxy/branch_rewrite.ts";
import type { ChallengedRequest } from "./challenge_answer.ts";
import { ChallengeAnswers } from "./challenge_answers.ts";
import type { GatewayRealms } from "./gateway_realms.ts";

/** Responses of one server that get an answer: some servers have a new nonce for every request. */
const MAX_ANSWERS = 3;

export class GatewayChallenges {
  readonly #gateway: Gateway;
  readonly #realms: GatewayRealms;
  readonly #maxAnswers: number;
  /** The answers to the server that challenged last: every server has its own nonces. */
  #answers: ChallengeAnswers | undefined;
  #server = "";

  constructor(gateway: Gateway, realms: GatewayRealms, maxAnswers = MAX_ANSWERS) {
    this.#gateway = gateway;
    this.#realms = realms;
    this.#maxAnswers = maxAnswers;
  }

  /** Header lines with the credentials given so far. */
  get lines(): readonly string[] {
    return this.#answers?.lines ?? [];
  }

  /** Answers the challenges of a response that came by a flow. */
  answer(response: SipResponse, request: ChallengedRequest, flow: Flow): Authorization {
    return this.#answersAt(flow).answer(response, request);
  }

  /** Forgets all answers, before another server is tried. */
  restart(): void {
    this.#answers = undefined;
  }

  /** Forgets all credentials, for a new request to the same server: they would be a replay. */
  forget(): void {
    this.#answers?.forget();
  }

  /** Learns the answered realms as the gateway's own, once it has accepted the request. */
  learnRealms(): void {
    for (const realm of this.#answers?.realms ?? []) this.#realms.learn(this.#gateway, realm);
  }

  #answersAt({ protocol, remoteAddress, remotePort }: Flow): ChallengeAnswers {
    const server = `${protocol} ${remoteAddress}:${remotePort}`;
    if (this.#answers && this.#server === server) return this.#answers;
    this.#server = server;
    return this.#answers = new ChallengeAnswers({
      account: this.#gateway.credentials,
      maxAnswers: this.#maxAnswers,
      accepts: (realm) => this.#realms.accepts(this.#gateway, realm),
    });
  }
}
