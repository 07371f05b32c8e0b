/** §16.3: what must be right before a request is served or forwarded. */
import { Header } from "../../message/header_name.ts";
import type { SipRequest } from "../../message/sip_message.ts";
import type { Answer } from "../answer.ts";
import { refuseExtensions } from "../uas_core.ts";

/** `urn:` for emergency and other services (RFC 5031), which nobody here is. */
const SCHEMES = /^(?:sips?|tel|urn):/i;

/** Checks the Request-URI (§16.3 step 2) and the syntax that the parser leaves open (step 1). */
export function validateRequest(request: SipRequest): Answer | undefined {
  // Header fields are for the URI of a mailto-like link, never for a Request-URI (§19.1.1).
  if (request.uri && request.uri.headers !== "") return { status: 400, reason: "Request-URI Has Headers" };
  if (!request.uri) {
    if (!SCHEMES.test(request.requestUri)) return { status: 416 };
    if (/^sip/i.test(request.requestUri)) return { status: 400, reason: "Request-URI Is Malformed" };
  }
  if (request.maxForwards === -1) return { status: 400, reason: "Max-Forwards Is Malformed" };
  return undefined;
}

/** Checks that only matter when a request goes on: Max-Forwards (step 3) and Proxy-Require (step 5). */
export function validateForwarding(request: SipRequest): Answer | undefined {
  if (request.maxForwards === 0) return { status: 483 };
  return refuseExtensions(request, Header.ProxyRequire);
}
