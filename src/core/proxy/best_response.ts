/** §16.7 steps 6 and 7: which of several final responses the caller gets. */
import { quote } from "../../message/parameters.ts";
import type { ResponseContent } from "../../message/response_builder.ts";
import { Header, type HeaderId } from "../../message/header_name.ts";
import type { SipResponse } from "../../message/sip_message.ts";
import type { FailureCause } from "./forwarding_observer.ts";
import type { MessageBody } from "./message_body.ts";
import { upstreamText } from "./response_forwarding.ts";
import type { ResponseRewrite } from "./response_rewrite.ts";
import { cut } from "../../runtime/text.ts";

/** A branch as its outcome remembers it. */
export interface EndedBranch {
  readonly responses: ResponseRewrite;
  readonly isToGateway: boolean;
  /** The status that the caller gets for a 503 of ours. */
  readonly statusOfUnreachable: 480 | 503;
}

/** A final response of a branch, or the status that stands for none (408, 503). */
export interface BranchOutcome {
  readonly status: number;
  readonly response: SipResponse | undefined;
  readonly branch: EndedBranch;
  /** The body that the caller gets, where it is not that of the response. */
  readonly body?: MessageBody;
  /** The reason, where there is no response that tells. */
  readonly cause?: FailureCause;
}

/** 4xx that tell the caller how to try again. */
const HELPFUL = new Set([401, 407, 415, 420, 484]);

/**
 * The best outcome: a 6xx if there is one, else the lowest class, and within 4xx those that help the caller.
 * `outcomes` is not empty and holds no 2xx.
 */
export function chooseBestResponse(outcomes: readonly BranchOutcome[]): BranchOutcome {
  const rank = ({ status, response, branch }: BranchOutcome) => {
    if (status >= 600) return 0;
    const place = Math.floor(status / 100) * 10;
    if (HELPFUL.has(status)) return place;
    // A 503 speaks of one server only, and a 408 of silence: anything said by somebody is better.
    if (status !== 503) return place + (response === undefined ? 2 : 1);
    // For a device that is not reached the caller gets 480, which is better than the 503 of a gateway.
    return place + (response === undefined && branch.statusOfUnreachable === 503 ? 4 : 3);
  };
  return outcomes.reduce((best, outcome) => rank(outcome) < rank(best) ? outcome : best);
}

/** The outcomes that still matter once there is another one: the best, and challenges. */
export function addOutcome(
  outcomes: readonly BranchOutcome[],
  outcome: BranchOutcome,
): readonly BranchOutcome[] {
  if (outcomes.length === 0) return [outcome];
  const all = [...outcomes, outcome];
  const best = chooseBestResponse(all);
  return all.filter((one) => one === best || isChallenge(one.status));
}

/**
 * The text to send upstream for the best response: challenges of all branches together (step 7).
 * @param vias see `upstreamText`
 */
export function buildBestResponse(
  best: SipResponse,
  outcomes: readonly BranchOutcome[],
  vias?: string,
): string | undefined {
  const text = upstreamText(best, vias);
  if (text === undefined || !isChallenge(best.status)) return text;
  let challenges = "";
  for (const { response } of outcomes) {
    if (!response || response === best || !isChallenge(response.status)) continue;
    challenges += headerLines(response, Header.WwwAuthenticate, "WWW-Authenticate");
    challenges += headerLines(response, Header.ProxyAuthenticate, "Proxy-Authenticate");
  }
  if (challenges === "") return text;
  const lineEnd = text.indexOf("\r\n") + 2;
  return cut(text, 0, lineEnd) + challenges + cut(text, lineEnd);
}

function isChallenge(status: number): boolean {
  return status === 401 || status === 407;
}

function headerLines(response: SipResponse, id: HeaderId, name: string): string {
  return response.rowValues(id).map((value) => `${name}: ${value}\r\n`).join("");
}

/** Tells a gateway that was not reached from one that has answered 503, which its caller hears as 500 (§20.43, §21.5.4). */
export function gatewayFailure(status: number, cause: FailureCause | undefined): ResponseContent {
  if (!cause || status !== 503 && status !== 500) return { status };
  const said = cause.isRemote ? `The gateway has answered ${cause.reason}` : cause.reason;
  const headers = `Warning: 399 routr ${quote(said.replace(/[^\x20-\x7e]/g, " "))}\r\n`;
  return { status, headers };
}
