/** The end of a call that has to reach the server, however often it is away. */
import { pause } from "../../support/pause.ts";
import type { RequestParts } from "./request_text.ts";
import type { UserAgent } from "./user_agent.ts";

/** For how long a BYE is tried, and the time between two attempts. */
const INSIST_MS = 60_000;
const RETRY_MS = 1_000;

/** The connection to the other end is gone: the server has refused the BYE, and keeps the call. */
const FLOW_FAILED = 430;

/**
 * Repeats a BYE until somebody has answered it.
 * @param answered the status of the first one, 0 for none
 */
export async function insist(agent: UserAgent, bye: RequestParts, answered: number): Promise<void> {
  const deadline = performance.now() + INSIST_MS;
  let { cseq } = bye;
  let status = answered;
  while (status === 0 && performance.now() < deadline) {
    await pause(RETRY_MS);
    if (agent.connection) status = (await agent.request({ ...bye, cseq: ++cseq })).status;
  }
  if (status === FLOW_FAILED) agent.unendedCalls++;
}
