/** Looks at everything that the server sends: no secrets, no credentials of others, nothing for strangers. */
import { isStranger, type Lane, SECRET_MARK, STRANGER_MARK, type WireName } from "../world/lane.ts";
import type { Finding } from "./finding.ts";

/** Requests that anybody may have answered with 2xx. */
const OPEN_TO_ALL: ReadonlySet<string> = new Set(["OPTIONS", "CANCEL"]);

const STACK_TRACE = /\.ts:\d|\n +at |TypeError|RangeError|ReferenceError|undefined|\[object /;

/** Returns what is wrong with a message that the server has sent to a wire. */
export function faultOf(message: string, wire: WireName, lane: Lane): Finding | undefined {
  if (message.includes(SECRET_MARK)) return { kind: "secret sent", what: `to ${wire}:\n${message}` };
  const isResponse = message.startsWith("SIP/2.0 ");
  if (isStranger(wire)) return isResponse ? faultOfAnswer(message, wire) : undefined;
  if (isResponse) return undefined;
  if (message.includes(STRANGER_MARK)) {
    return { kind: "stranger forwarded", what: `to ${wire}:\n${message}` };
  }
  return faultOfCredentials(message, wire, lane);
}

function faultOfAnswer(message: string, wire: WireName): Finding | undefined {
  const method = /^CSeq[ \t]*:\s*\d+\s+(\S+)/im.exec(message)?.[1] ?? "";
  if (message[8] === "2" && !OPEN_TO_ALL.has(method)) {
    return { kind: "stranger served", what: `to ${wire}:\n${message}` };
  }
  // What the server says itself is in its first line; the rest is copied from the request.
  const [startLine] = message.split("\r\n", 1);
  return STACK_TRACE.test(startLine) ? { kind: "stack trace", what: `to ${wire}:\n${message}` } : undefined;
}

/** Credentials for this server go no further, and those for the provider go to nobody else. */
function faultOfCredentials(message: string, wire: WireName, lane: Lane): Finding | undefined {
  const head = message.slice(0, message.indexOf("\r\n\r\n"));
  for (const [row] of head.matchAll(/^Proxy-Authorization *: *Digest .*$/gim)) {
    if (row.includes(`realm="${lane.domain}"`) && row.includes(`username="${lane.userOf("alice")}"`)) {
      return { kind: "credentials forwarded", what: `to ${wire}:\n${message}` };
    }
    if (wire !== "gateway" && row.includes('realm="provider"')) {
      return { kind: "credentials forwarded", what: `of the gateway, to ${wire}:\n${message}` };
    }
  }
  return undefined;
}
