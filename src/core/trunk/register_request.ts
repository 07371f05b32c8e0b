/** The REGISTER that a gateway gets from us (§10.2). */
// @ts-types="./sip.d.ts"
import { stringify } from "sip";
import type { Flow } from "../../transport/transport.ts";
import { ALLOW } from "../uas_core.ts";

/** What a REGISTER says. */
export interface RegisterRequestParts {
  readonly requestUri: string;
  /** `sip:user@host`, of From and To. */
  readonly addressOfRecord: string;
  readonly fromTag: string;
  readonly callId: string;
  readonly cseq: number;
  readonly branch: string;
  /** The way it will go. */
  readonly flow: Flow;
  /** `host:port` of ours for that way. */
  readonly sentBy: string;
  /** The URI to bind. */
  readonly contact: string;
  /** A URI that was bound and is not to be any more; undefined when there is none. */
  readonly replacedContact: string | undefined;
  /** Seconds; 0 ends the binding. */
  readonly expires: number;
  readonly userAgent: string;
  /** Header lines with credentials, each ended by CRLF. */
  readonly credentials: readonly string[];
}

/** The text of the request. */
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
        // By TLS, the connection is good for the other direction, too (RFC 5923).
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
  // There is no body, so the head ends two characters before the text does.
  return `${text.slice(0, -2)}${parts.credentials.join("")}\r\n`;
}
