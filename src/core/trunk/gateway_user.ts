/** Answers what a gateway asks for one request of a call, with its credentials (§22.2, §22.3). */
import type { Gateway } from "../../data/gateway.ts";
import type { SipResponse } from "../../message/sip_message.ts";
import type { Flow } from "../../transport/transport.ts";
import type { Authorization, ChallengedUser } from "../proxy/leg.ts";
import type { ChallengedRequest } from "./challenge_answer.ts";
import { ChallengeAnswers } from "./challenge_answers.ts";
import type { GatewayAddresses } from "./gateway_addresses.ts";
import type { GatewayRealms } from "./gateway_realms.ts";
import type { GatewayRefusals } from "./gateway_refusals.ts";

/** What is known of gateways, and learned when they accept us. */
export interface GatewayKnowledge {
  readonly realms: GatewayRealms;
  readonly gateways: Pick<GatewayAddresses, "add">;
  /** Absent where the log tells of the request anyway. */
  readonly refusals?: GatewayRefusals;
}

/** Challenges of one request that are answered at one server. */
const MAX_ANSWERS = 3;

export class GatewayUser implements ChallengedUser {
  readonly #gateway: Gateway;
  readonly #knowledge: GatewayKnowledge;
  /** Those at the server that asked last: the next one has nonces of its own. */
  #answers: ChallengeAnswers | undefined;
  #server = "";

  constructor(gateway: Gateway, knowledge: GatewayKnowledge) {
    this.#gateway = gateway;
    this.#knowledge = knowledge;
  }

  answer(response: SipResponse, request: ChallengedRequest, flow: Flow): Authorization {
    const authorization = this.#answersAt(flow).answer(response, request);
    if (authorization.kind === "refused") {
      this.#knowledge.refusals?.note(this.#gateway, { method: request.method, reason: authorization.reason });
    }
    return authorization;
  }

  onAccepted({ remoteAddress }: Flow): void {
    const { realms, gateways } = this.#knowledge;
    for (const realm of this.#answers?.realms ?? []) realms.learn(this.#gateway, realm);
    gateways.add(this.#gateway, remoteAddress);
  }

  #answersAt({ protocol, remoteAddress, remotePort }: Flow): ChallengeAnswers {
    const server = `${protocol} ${remoteAddress}:${remotePort}`;
    if (this.#answers && this.#server === server) return this.#answers;
    this.#server = server;
    return this.#answers = new ChallengeAnswers({
      account: this.#gateway.credentials,
      maxAnswers: MAX_ANSWERS,
      accepts: (realm) => this.#knowledge.realms.accepts(this.#gateway, realm),
    });
  }
}
