/** Answers what a gateway asks for one request of a call, with its credentials (§22.2, §22.3). */
import type { Gateway } from "../../data/gateway.ts";
import type { SipResponse } from "../../message/sip_message.ts";
import { logger } from "../../runtime/log.ts";
import type { Flow } from "../../transport/transport.ts";
import type { ChallengedUser } from "../proxy/leg.ts";
import {
  answerChallenge,
  type ChallengeAnswer,
  type ChallengedRequest,
  missingHash,
} from "./challenge_answer.ts";
import type { GatewayAddresses } from "./gateway_addresses.ts";
import type { GatewayRealms } from "./gateway_realms.ts";

/** What is known of gateways, and learned when they accept us. */
export interface GatewayKnowledge {
  readonly realms: GatewayRealms;
  readonly gateways: Pick<GatewayAddresses, "add">;
}

/** Challenges of one request that are answered. */
const MAX_ANSWERS = 3;

const log = logger("trunk");

export class GatewayUser implements ChallengedUser {
  readonly #gateway: Gateway;
  readonly #knowledge: GatewayKnowledge;
  /** One for each who asked: a proxy in front of the gateway may ask, too, and wants to see its own again (§22.3). */
  readonly #answers = new Map<string, ChallengeAnswer>();
  #given = 0;
  #repeated = 0;

  constructor(gateway: Gateway, knowledge: GatewayKnowledge) {
    this.#gateway = gateway;
    this.#knowledge = knowledge;
  }

  answer(response: SipResponse, request: ChallengedRequest): string | undefined {
    const { credentials } = this.#gateway;
    let foreign = "";
    const accepts = (realm: string) => {
      if (this.#knowledge.realms.accepts(this.#gateway, realm)) return true;
      foreign = realm;
      return false;
    };
    const answer = credentials && answerChallenge(response, request, credentials, accepts);
    if (answer && this.#mayGive(response.status, answer)) {
      return [...this.#answers.values()].map(({ line }) => line).join("");
    }
    const missing = answer || foreign !== "" ? undefined : credentials && missingHash(response, credentials);
    this.#warn(request.method, foreign, missing);
    return undefined;
  }

  onAccepted({ remoteAddress }: Flow): void {
    const { realms, gateways } = this.#knowledge;
    for (const { realm } of this.#answers.values()) realms.learn(this.#gateway, realm);
    gateways.add(this.#gateway, remoteAddress);
  }

  /**
   * Asked again, and not because the nonce is stale, the credentials are wrong. But a server that does not know the nonce
   * of another one beside it, and does not say so, gets a second answer.
   */
  #mayGive(status: number, answer: ChallengeAnswer): boolean {
    const asker = `${status} ${answer.realm}`;
    const before = this.#answers.get(asker);
    const isAgain = before !== undefined && !answer.isStale;
    if (isAgain && (this.#repeated++ > 0 || before.nonce === answer.nonce)) return false;
    this.#answers.set(asker, answer);
    return this.#given++ < MAX_ANSWERS;
  }

  #warn(method: string, foreignRealm: string, missing: string | undefined): void {
    const { ref, host } = this.#gateway;
    const why = foreignRealm === ""
      ? missing ?? "credentials are missing or wrong"
      : `realm "${foreignRealm}" is not one of its own; if it is, add it to spec.realms`;
    log.warn("Gateway {ref} ({host}) refuses {method}: {why}", { ref, host, method, why });
  }
}
