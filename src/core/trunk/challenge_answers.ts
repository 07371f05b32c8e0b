/** What we have answered to those who challenged one request of ours, on its way to one server (§22.2, §22.3). */
import type { Credentials } from "../../data/ha1.ts";
import type { SipResponse } from "../../message/sip_message.ts";
import type { Authorization } from "../proxy/leg.ts";
import {
  answerChallenges,
  type ChallengeAnswer,
  type ChallengedRequest,
  missingHash,
} from "./challenge_answer.ts";

/** What answers are made from. */
export interface ChallengeAnswersParts {
  /** Undefined where none is configured. */
  readonly account: Credentials | undefined;
  /** Responses that are answered: a server may find every nonce stale. */
  readonly maxAnswers: number;
  /** Whether this realm may have our credentials. */
  accepts(realm: string): boolean;
}

/** UTF-16 units of a realm in a reason. */
const MAX_REALM = 100;

export class ChallengeAnswers {
  readonly #parts: ChallengeAnswersParts;
  /** By header field and realm: a proxy before the server may ask, too, and wants to see its own again (§22.3). */
  readonly #given = new Map<string, ChallengeAnswer>();
  #count = 0;

  constructor(parts: ChallengeAnswersParts) {
    this.#parts = parts;
  }

  /** Header lines with the credentials given so far. */
  get lines(): readonly string[] {
    return Array.from(this.#given.values(), ({ line }) => line);
  }

  /** The realms that credentials were given for. */
  get realms(): readonly string[] {
    return Array.from(this.#given.values(), ({ realm }) => realm);
  }

  /**
   * Answers the challenges of a response. Credentials that were given for a realm and come back as anything but stale
   * are wrong, whatever the new nonce: they are not given again (§22.2).
   */
  answer(response: SipResponse, request: ChallengedRequest): Authorization {
    const { account, maxAnswers } = this.#parts;
    if (!account) return refused("credentials are asked for, and none are configured");
    let foreign: string | undefined;
    const answers = answerChallenges(response, request, account, (realm) => {
      const isAccepted = this.#parts.accepts(realm);
      if (!isAccepted) foreign ??= realm;
      return isAccepted;
    });
    if (answers.length === 0) {
      if (foreign !== undefined) return refused(foreignRealm(foreign));
      return refused(
        missingHash(response, account) ?? "credentials are asked for in a way that is not known here",
      );
    }
    if (answers.some((answer) => !answer.isStale && this.#given.has(keyOf(answer)))) {
      return refused("wrong username or password");
    }
    if (++this.#count > maxAnswers) return refused("credentials are asked for again and again");
    for (const answer of answers) this.#given.set(keyOf(answer), answer);
    return { kind: "granted", lines: this.lines.join("") };
  }

  /** Forgets what was given: once it was used for another request, it would come as a replay. */
  forget(): void {
    this.#given.clear();
  }
}

function keyOf({ name, realm }: ChallengeAnswer): string {
  return `${name} ${realm}`;
}

function foreignRealm(realm: string): string {
  return `realm "${realm.slice(0, MAX_REALM)}" is not one of its own; if it is, add it to spec.realms`;
}

function refused(reason: string): Authorization {
  return { kind: "refused", reason };
}
