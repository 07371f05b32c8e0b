/** The ACK for a non-2xx (§17.1.1.3) and the CANCEL (§9.1), made from the request they follow. */
import { Header } from "../message/header_name.ts";
import { parseMessage } from "../message/parser.ts";
import type { SipResponse } from "../message/sip_message.ts";

/** The ACK that the INVITE client transaction sends for a 300–699; `invite` is the request as it was sent. */
export function buildAck(invite: string, response: SipResponse): string {
  return followUp(invite, "ACK", response.header(Header.To));
}

/** The CANCEL for a request as it was sent. */
export function buildCancel(request: string): string {
  return followUp(request, "CANCEL", undefined);
}

function followUp(text: string, method: string, to: string | undefined): string {
  const request = parseMessage(text);
  if (request.kind !== "request") {
    throw new TypeError(`Cannot follow up a request that is not well-formed: ${method}`);
  }
  const routes = request.rowValues(Header.Route).map((route) => `Route: ${route}\r\n`).join("");
  return `${method} ${request.requestUri} SIP/2.0\r\nVia: ${request.topViaText}\r\n${routes}Max-Forwards: 70\r\n` +
    `From: ${request.header(Header.From)}\r\nTo: ${to ?? request.header(Header.To)}\r\n` +
    `Call-ID: ${request.callId}\r\nCSeq: ${request.cseq} ${method}\r\nContent-Length: 0\r\n\r\n`;
}
