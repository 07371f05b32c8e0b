/** The ACK for a non-2xx (§17.1.1.3) and the CANCEL (§9.1), built from the request they follow. */
import { Header, type HeaderId } from "../message/header_name.ts";
import { rowsOf } from "../message/header_scan.ts";
import type { SipResponse } from "../message/sip_message.ts";
import { cut } from "../runtime/text.ts";

/** Builds the ACK for a 300–699 response to an INVITE as sent. */
export function buildAck(invite: string, response: SipResponse): string {
  return followUp(invite, "ACK", response.header(Header.To));
}

/** Builds the CANCEL for a request as sent; `reasons` are Reason lines (RFC 3326), each ended by CRLF. */
export function buildCancel(request: string, reasons = ""): string {
  return followUp(request, "CANCEL", undefined, reasons);
}

/** Builds a request from one of ours, whose own Via is alone in the first Via row. */
function followUp(text: string, method: string, to: string | undefined, added = ""): string {
  const lineEnd = text.indexOf("\r\n");
  const request = rowsOf(text);
  const line = (name: string, id: HeaderId) => `${name}: ${request.header(id) ?? ""}\r\n`;
  const routes = request.rowValues(Header.Route).map((route) => `Route: ${route}\r\n`).join("");
  const number = /^\d*/.exec(request.header(Header.CSeq) ?? "")![0];
  return `${method}${cut(text, text.indexOf(" "), lineEnd)}\r\n${line("Via", Header.Via)}${routes}` +
    `Max-Forwards: 70\r\n${line("From", Header.From)}${
      to === undefined ? line("To", Header.To) : `To: ${to}\r\n`
    }` +
    `${line("Call-ID", Header.CallId)}CSeq: ${number} ${method}\r\n${added}Content-Length: 0\r\n\r\n`;
}
