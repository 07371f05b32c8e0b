/** The end of a call that has to reach the server, however often it is away. */
import { pause } from "../../support/pause.ts";
import type { RequestParts } from "./request_text.ts";
import type { UserAgent } from "./user_agent.ts";

/** For how long a BYE is tried, and the time between two attempts. */
const INSIST_MS = 60_000;
const RETRY_MS = 1_000;

/** Repeats a BYE that nobody has answered, as soon as its sender is connected again. */
export async function insist(agent: UserAgent, bye: RequestParts, answered: number): Promise<void> {
  const deadline = performance.now() + INSIST_MS;
  let { cseq } = bye;
  for (let status = answered; status === 0 && performance.now() < deadline;) {
    await pause(RETRY_MS);
    if (agent.connection) status = (await agent.request({ ...bye, cseq: ++cseq })).status;
    if (Deno.env.has("SOAKDEBUG")) console.log("INSIST", bye.from, bye.callId, status);
  }
}
