/** From what a device registered to where a request for it goes (§16.5). */
import type { Binding } from "../../location/binding.ts";
import { splitValues } from "../../message/header_rows.ts";
import { hasSecureScheme, SipUri } from "../../message/sip_uri.ts";
import type { BoundFlow } from "../flows/bound_flow.ts";
import { RemoteFlow } from "../flows/remote_flow.ts";
import type { DialogParty } from "../party.ts";
import type { Target } from "../proxy/target.ts";

/** The callee of a request, which has bindings. */
export interface BoundCallee {
  /** Whether the request is for a `sips:` URI. */
  readonly isSecure: boolean;
  /** See `Target`. */
  readonly isTrusted: boolean;
  readonly party: DialogParty;
}

/**
 * A binding as a target. It is reached by the flow it was registered over, also when a Path leads on from there
 * (RFC 3327 §5.5): whoever registers cannot send us anywhere else. A request goes to the Contact itself where the
 * binding says so.
 */
export function bindingTarget(
  binding: Binding<BoundFlow>,
  { isSecure, isTrusted, party }: BoundCallee,
): Target {
  const { contact, path, flow, listeningPort, q } = binding;
  const requestUri = requestUriOf(contact);
  const isRemote = flow instanceof RemoteFlow;
  return {
    requestUri: isSecure && !isRemote ? requestUri : withoutSecureScheme(requestUri, flow),
    routes: path === "" ? NO_ROUTES : splitValues(path),
    flow: isRemote || binding.goesToContact ? undefined : flow,
    listeningPort: isRemote ? undefined : listeningPort,
    remoteFlow: isRemote ? flow : undefined,
    isBehindNat: !isRemote && binding.isBehindNat,
    isTrusted,
    party,
    q,
  };
}

const NO_ROUTES: readonly string[] = [];

/** A `sips:` Contact stands for the same one as `sip:`, too, which is what others than `sips:` callers get (RFC 5630 §5.1.1.1). */
function withoutSecureScheme(uri: string, { protocol }: BoundFlow): string {
  if (!hasSecureScheme(uri)) return uri;
  const transport = protocol === "tls" && !/;transport=/i.test(uri) ? ";transport=tls" : "";
  return `sip:${uri.slice(5)}${transport}`;
}

/** A Contact without what no Request-URI may have: header fields and a method (§19.1.1, §16.6 step 2). */
function requestUriOf(contact: string): string {
  if (!contact.includes("?") && !/;method=/i.test(contact)) return contact;
  const uri = SipUri.parse(contact);
  if (!uri) return contact;
  const address = contact.slice(0, contact.length - uri.parameters.length - uri.headers.length);
  return address + uri.parameters.replace(/;method=[^;]*/gi, "");
}
