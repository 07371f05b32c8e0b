/** Requests and responses for core tests, from text. */
import { parseMessage } from "../../../src/message/parser.ts";
import type { SipRequest, SipResponse } from "../../../src/message/sip_message.ts";
import { complete, methodOf, requestUri, sip } from "../../support/sip_text.ts";

/** A request; what it does not say is usual. */
export function request(text: string): SipRequest {
  const head = sip(text);
  const message = parseMessage(complete(head, [
    "Via: SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bK1",
    "From: <sip:alice@sip.local>;tag=a",
    `To: <${requestUri(head)}>`,
    "Call-ID: call",
    `CSeq: 1 ${methodOf(head)}`,
  ]));
  if (message.kind !== "request") throw new TypeError(`Cannot make a request of "${text}"`);
  return message;
}

/** A response; what it does not say is usual. */
export function response(text: string): SipResponse {
  const message = parseMessage(complete(sip(text), [
    "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKours",
    "Via: SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bKtheirs",
    "From: <sip:alice@sip.local>;tag=a",
    "To: <sip:bob@sip.local>;tag=b",
    "Call-ID: call",
    "CSeq: 1 INVITE",
  ]));
  if (message.kind !== "response") throw new TypeError(`Cannot make a response of "${text}"`);
  return message;
}
