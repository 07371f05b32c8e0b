/** Requests that ask for events of one's own, which is no call: they would come back to the phone (RFC 3903, RFC 6665). */
import type { Directory } from "../../data/directory.ts";
import type { SipRequest } from "../../message/sip_message.ts";
import type { SipUri } from "../../message/sip_uri.ts";
import type { Answer } from "../answer.ts";
import type { Caller } from "../authentication/caller.ts";

/** What the devices of one agent ask each other for; all else of one's own is for a server. */
const OF_OWN_DEVICES: ReadonlySet<string> = new Set(["dialog"]);

/** What agents ask each other for. */
const ALLOW_EVENTS = "Allow-Events: dialog, presence\r\n";

/**
 * Refuses a PUBLISH or SUBSCRIBE of an agent for its own address-of-record, such as that for its messages waiting.
 * Whoever serves events is asked under a name of its own.
 */
export function refuseOwnEvents(
  request: SipRequest,
  { uri, caller, directory, isOurs }: {
    /** Who is asked. */
    uri: SipUri | undefined;
    caller: Caller;
    directory: Directory;
    /** Whether a URI names this server. */
    isOurs(uri: SipUri): boolean;
  },
): Answer | undefined {
  const { method } = request;
  if (method !== "PUBLISH" && method !== "SUBSCRIBE" || !uri) return undefined;
  if (caller.kind !== "agent" && caller.kind !== "peer") return undefined;
  const domain = directory.domain(uri.host) ? uri.host : isOurs(uri) ? caller.domain : undefined;
  const asked = domain === undefined ? undefined : directory.agent(uri.userText, domain);
  // A peer speaks for the agent that From names.
  const { from } = request;
  const asking = caller.kind === "agent"
    ? caller.agent
    : from.uri && directory.agent(from.uri.userText, from.uri.host);
  const event = packageOf(request);
  if (!asked || asked !== asking || method === "SUBSCRIBE" && OF_OWN_DEVICES.has(event)) return undefined;
  return {
    status: 489,
    headers: ALLOW_EVENTS,
    cause: `nothing here serves ${event || "events without a name"}`,
  };
}

/** The event package of a request, without its parameters. */
function packageOf(request: SipRequest): string {
  const event = request.headerNamed("event") ?? request.headerNamed("o") ?? "";
  return event.split(/[;\s]/, 1)[0].toLowerCase();
}
