/** A REGISTER as the clients of the bench send it over UDP. */
import { DOMAIN, md5 } from "./subscribers.ts";

export interface RegisterRequest {
  readonly user: string;
  /** A URI without brackets. */
  readonly contact: string;
  /** Of the user; that of the subscribers if omitted. */
  readonly domain?: string;
  readonly callId: string;
  readonly cseq: number;
  /** A header row with its CRLF, or nothing. */
  readonly authorization: string;
}

/** Seconds: longer than any run. */
const EXPIRES = 7200;

const encoder = new TextEncoder();

/** @param localPort of 127.0.0.1, where the answer is to come */
export function registerRequest(
  { user, contact, domain = DOMAIN, callId, cseq, authorization }: RegisterRequest,
  localPort: number,
): Uint8Array {
  return encoder.encode(
    `REGISTER sip:${domain} SIP/2.0\r\n` +
      `Via: SIP/2.0/UDP 127.0.0.1:${localPort};branch=z9hG4bK${md5(callId + cseq)};rport\r\n` +
      "Max-Forwards: 70\r\n" +
      `From: <sip:${user}@${domain}>;tag=${callId.slice(0, 8)}\r\n` +
      `To: <sip:${user}@${domain}>\r\n` +
      `Call-ID: ${callId}\r\n` +
      `CSeq: ${cseq} REGISTER\r\n` +
      `Contact: <${contact}>\r\n` +
      authorization +
      `Expires: ${EXPIRES}\r\n` +
      "User-Agent: bench\r\n" +
      "Content-Length: 0\r\n\r\n",
  );
}
