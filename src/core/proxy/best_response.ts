/** §16.7 steps 6 and 7: which of several final responses the caller gets. */
import { Header, type HeaderId } from "../../message/header_name.ts";
import type { SipResponse } from "../../message/sip_message.ts";
import type { FailureCause } from "./forwarding_observer.ts";
import { withoutTopVia } from "./response_forwarding.ts";

/** A final response of a branch, or the status that stands for none (408, 503). */
export interface BranchOutcome {
  readonly status: number;
  readonly response: SipResponse | undefined;
  /** What happened, where there is no response that tells. */
  readonly cause?: FailureCause;
}

/** 4xx that tell the caller how to try again. */
const HELPFUL = new Set([401, 407, 415, 420, 484]);

/**
 * The best outcome: a 6xx if there is one, else the lowest class, and within 4xx those that help the caller.
 * `outcomes` is not empty and holds no 2xx.
 */
export function chooseBestResponse(outcomes: readonly BranchOutcome[]): BranchOutcome {
  const rank = ({ status, response }: BranchOutcome) => {
    if (status >= 600) return 0;
    const place = Math.floor(status / 100) * 10;
    if (HELPFUL.has(status)) return place;
    // A 503 speaks of one server only, and a 408 of silence: anything said by somebody is better.
    return place + (status === 503 ? 3 : response === undefined ? 2 : 1);
  };
  return outcomes.reduce((best, outcome) => rank(outcome) < rank(best) ? outcome : best);
}

/** The text to send upstream for the best response: challenges of all branches together (step 7). */
export function buildBestResponse(best: SipResponse, outcomes: readonly BranchOutcome[]): string | undefined {
  const text = withoutTopVia(best);
  if (text === undefined || best.status !== 401 && best.status !== 407) return text;
  let challenges = "";
  for (const { response } of outcomes) {
    if (!response || response === best || response.status !== 401 && response.status !== 407) continue;
    challenges += headerLines(response, Header.WwwAuthenticate, "WWW-Authenticate");
    challenges += headerLines(response, Header.ProxyAuthenticate, "Proxy-Authenticate");
  }
  if (challenges === "") return text;
  const lineEnd = text.indexOf("\r\n") + 2;
  return text.substring(0, lineEnd) + challenges + text.substring(lineEnd);
}

function headerLines(response: SipResponse, id: HeaderId, name: string): string {
  return response.rowValues(id).map((value) => `${name}: ${value}\r\n`).join("");
}
