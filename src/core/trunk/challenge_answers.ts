/** The answers to all challenges of one request at one server (§22.2, §22.3). */
import type { Credentials } from "../../data/ha1.ts";
import type { SipResponse } from "../../message/sip_message.ts";
import type { Authorization } from "../proxy/branch_rewrite.ts";
import {
  answerChallenges,
  type ChallengeAnswer,
  type ChallengedRequest,
  missingHash,
} from "./challenge_answer.ts";

export interface ChallengeAnswersParts {
  /** Undefined when none is configured. */
  readonly account: Credentials | undefined;
  /** Responses that get an answer: a server may find every nonce stale. */
  readonly maxAnswers: number;
  /** Reports whether a realm may have our credentials. */
  accepts(realm: string): boolean;
}

/** UTF-16 units of a realm in a reason. */
const MAX_REALM_LENGTH = 100;

export class ChallengeAnswers {
  readonly #parts: ChallengeAnswersParts;
  /** By header field and realm: proxies on the way may challenge as well, and need their answers each time (§22.3). */
  readonly #given = new Map<string, ChallengeAnswer>();
  #count = 0;

  constructor(parts: ChallengeAnswersParts) {
    this.#parts = parts;
  }

  /** Header lines with the credentials given so far. */
  get lines(): readonly string[] {
    return Array.from(this.#given.values(), ({ line }) => line);
  }

  /** The realms with credentials so far. */
  get realms(): readonly string[] {
    return Array.from(this.#given.values(), ({ realm }) => realm);
  }

  /**
   * Answers the challenges of a response. A second challenge of a realm means wrong credentials unless it says stale, so
   * they are not sent again (§22.2).
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
        missingHash(response, account) ?? "credentials are asked for in an unsupported way",
      );
    }
    if (answers.some((answer) => !answer.isStale && this.#given.has(keyOf(answer)))) {
      return refused("wrong username or password");
    }
    if (++this.#count > maxAnswers) return refused("credentials are asked for again and again");
    for (const answer of answers) this.#given.set(keyOf(answer), answer);
    return { kind: "granted", lines: this.lines.join("") };
  }

  /** Forgets all credentials, for a new request: they would be a replay. */
  forget(): void {
    this.#given.clear();
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
