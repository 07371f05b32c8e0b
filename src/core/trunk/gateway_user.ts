/** Answers what a gateway asks for one request of a call, with its credentials (§22.2, §22.3). */
import type { Gateway } from "../../data/gateway.ts";
import type { SipResponse } from "../../message/sip_message.ts";
import type { Flow } from "../../transport/transport.ts";
import type { Authorization, ChallengedUser } from "../proxy/branch_rewrite.ts";
import type { ChallengedRequest } from "./challenge_answer.ts";
import type { GatewayAddresses } from "./gateway_addresses.ts";
import { GatewayChallenges } from "./gateway_challenges.ts";
import type { GatewayRealms } from "./gateway_realms.ts";
import type { GatewayRefusals } from "./gateway_refusals.ts";

/** Knowledge of gateways, which grows when they accept us. */
export interface GatewayKnowledge {
  readonly realms: GatewayRealms;
  readonly gateways: Pick<GatewayAddresses, "add">;
  /** Absent where the log tells of the request anyway. */
  readonly refusals?: GatewayRefusals;
}

export class GatewayUser implements ChallengedUser {
  readonly #gateway: Gateway;
  readonly #knowledge: GatewayKnowledge;
  readonly #challenges: GatewayChallenges;

  constructor(gateway: Gateway, knowledge: GatewayKnowledge) {
    this.#gateway = gateway;
    this.#knowledge = knowledge;
    this.#challenges = new GatewayChallenges(gateway, knowledge.realms);
  }

  answer(response: SipResponse, request: ChallengedRequest, flow: Flow): Authorization {
    const authorization = this.#challenges.answer(response, request, flow);
    if (authorization.kind === "refused") {
      this.#knowledge.refusals?.note(this.#gateway, { method: request.method, reason: authorization.reason });
    }
    return authorization;
  }

  onAccepted({ remoteAddress }: Flow): void {
    this.#challenges.learnRealms();
    this.#knowledge.gateways.add(this.#gateway, remoteAddress);
  }
}
