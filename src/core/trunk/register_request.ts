/** The REGISTER for a gateway (§10.2). */
// @ts-types="./sip.d.ts"
import { stringify } from "sip";
import type { Flow } from "../../transport/transport.ts";
import { ALLOW } from "../uas_core.ts";

export interface RegisterRequestParts {
  readonly requestUri: string;
  /** `sip:user@host` of From and To. */
  readonly addressOfRecord: string;
  readonly fromTag: string;
  readonly callId: string;
  readonly cseq: number;
  readonly branch: string;
  /** The flow it will be sent by. */
  readonly flow: Flow;
  /** `host:port` of this server on that flow. */
  readonly sentBy: string;
  /** The URI to bind. */
  readonly contact: string;
  /** A bound URI to remove; undefined for none. */
  readonly replacedContact: string | undefined;
  /** Seconds; 0 ends the binding. */
  readonly expires: number;
  readonly userAgent: string;
  /** Header lines with credentials, each ended by CRLF. */
  readonly credentials: readonly string[];
}

/** Returns the text of a REGISTER. */
export function buildRegister(parts: RegisterRequestParts): string {
  const { flow, addressOfRecord, replacedContact } = parts;
  const viaParameters = { branch: parts.branch, rport: null };
  const text = stringify({
    method: "REGISTER",
    uri: parts.requestUri,
    headers: {
      via: [{
        protocol: flow.protocol,
        host: parts.sentBy,
        // `alias` lets the other end use a TLS connection for its requests (RFC 5923).
        params: flow.domain === undefined ? viaParameters : { ...viaParameters, alias: null },
      }],
      "max-forwards": 70,
      from: { uri: addressOfRecord, params: { tag: parts.fromTag } },
      to: { uri: addressOfRecord },
      "call-id": parts.callId,
      cseq: { seq: parts.cseq, method: "REGISTER" },
      contact: [
        { uri: parts.contact },
        ...(replacedContact === undefined ? [] : [{ uri: replacedContact, params: { expires: "0" } }]),
      ],
      expires: parts.expires,
      allow: ALLOW,
      supported: "path",
      "user-agent": parts.userAgent,
    },
  });
  // Without a body, the text ends with the empty line after the head.
  return `${text.slice(0, -2)}${parts.credentials.join("")}\r\n`;
}
