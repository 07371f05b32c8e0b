/** Reason lines (RFC 3326) of the CANCELs that the proxy sends of its own accord. */
import { reasonPhrase } from "../../message/status.ts";

/** Another branch was answered: the device need not list a missed call. */
export const COMPLETED_ELSEWHERE = reasonLine(200, "Call completed elsewhere");

/** The device rang as long as it may. */
export const NOT_ANSWERED = reasonLine(408, "Not answered in time");

/** The server stops. */
export const SERVER_STOPS = reasonLine(503, "Server stops");

/** Another branch has answered 6xx for everybody. */
export function refusedElsewhere(status: number): string {
  return reasonLine(status, reasonPhrase(status));
}

function reasonLine(cause: number, text: string): string {
  return `Reason: SIP;cause=${cause};text="${text}"\r\n`;
}
