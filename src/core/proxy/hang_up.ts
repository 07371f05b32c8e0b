/** The end of a call that a callee has answered and that no caller can be told of: ACK and BYE (§13.2.2.4, §15.1.1). */
import { contactOf } from "../../message/contact.ts";
import { Header } from "../../message/header_name.ts";
import type { SipResponse } from "../../message/sip_message.ts";
import { SipUri } from "../../message/sip_uri.ts";
import { MAGIC_COOKIE } from "../../message/via.ts";
import { randomToken } from "../../runtime/random.ts";
import type { TransactionLayer } from "../../transaction/transaction_layer.ts";
import { NO_USER } from "../../transaction/transaction_user.ts";
import type { Flow } from "../../transport/transport.ts";
import type { TransportLayer } from "../../transport/transport_layer.ts";
import { uriOf } from "./route_preprocessing.ts";

export interface HangUpParts {
  readonly transactions: TransactionLayer;
  readonly transport: TransportLayer;
}

/** Sends both by the flow that the INVITE went by. */
export function hangUp({ transactions, transport }: HangUpParts, response: SipResponse, flow: Flow): void {
  const target = contactOf(response)?.uriText;
  if (target === undefined) return;
  const lines = routeSet(response, transport).map((route) => `Route: ${route}\r\n`).join("") +
    `Max-Forwards: 70\r\nFrom: ${response.header(Header.From)}\r\nTo: ${response.header(Header.To)}\r\n` +
    `Call-ID: ${response.callId}\r\n`;
  const request = (method: string, cseq: number) => {
    const branch = MAGIC_COOKIE + randomToken();
    const via = `SIP/2.0/${flow.protocol.toUpperCase()} ${transport.sentBy(flow)};branch=${branch};rport`;
    const text = `${method} ${target} SIP/2.0\r\nVia: ${via}\r\n${lines}CSeq: ${cseq} ${method}\r\n` +
      "Content-Length: 0\r\n\r\n";
    return { text, method, branch, flow };
  };
  transactions.send(request("ACK", response.cseq).text, flow);
  transactions.request(request("BYE", response.cseq + 1), NO_USER);
}

/** The entries of proxies between us and the callee, the nearest first (§12.1.2); ours and those above are the caller's. */
function routeSet(response: SipResponse, transport: TransportLayer): string[] {
  const entries = response.values(Header.RecordRoute);
  const ours = entries.findIndex((entry) => {
    const uri = SipUri.parse(uriOf(entry) ?? "");
    return uri !== undefined && transport.isLocalUri(uri);
  });
  return entries.slice(0, Math.max(ours, 0)).reverse();
}
