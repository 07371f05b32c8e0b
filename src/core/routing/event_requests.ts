/** SUBSCRIBE and PUBLISH of an agent for itself: forwarded, they would come back to the phone (RFC 3903, RFC 6665). */
import type { Directory } from "../../data/directory.ts";
import type { SipRequest } from "../../message/sip_message.ts";
import type { SipUri } from "../../message/sip_uri.ts";
import type { Answer } from "../answer.ts";
import type { Caller } from "../authentication/caller.ts";

/** Event packages that the devices of one agent subscribe to at each other. */
const OF_OWN_DEVICES: ReadonlySet<string> = new Set(["dialog"]);

/** Event packages that agents subscribe to at each other. */
const ALLOW_EVENTS = "Allow-Events: dialog, presence\r\n";

/** Reports whether `refuseOwnEvents` may refuse a request. */
export function mayBeOwnEvent({ method }: SipRequest): boolean {
  return method === "PUBLISH" || method === "SUBSCRIBE";
}

/**
 * Refuses a PUBLISH or SUBSCRIBE of an agent for its own address-of-record, such as that for its messages waiting. Event
 * servers have names of their own.
 */
export function refuseOwnEvents(
  request: SipRequest,
  { uri, caller, directory, isOurs }: {
    uri: SipUri | undefined;
    caller: Caller;
    directory: Directory;
    /** Reports whether a URI names this server. */
    isOurs(uri: SipUri): boolean;
  },
): Answer | undefined {
  const { method } = request;
  if (!mayBeOwnEvent(request) || !uri) return undefined;
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
