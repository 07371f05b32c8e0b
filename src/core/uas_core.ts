/** Requests for the server itself (§8.2, §11.2). */
import type { SipRequest } from "../message/sip_message.ts";
import { Header, type HeaderId } from "../message/header_name.ts";
import type { Answer } from "./answer.ts";

/** Methods that the server takes or forwards. */
export const ALLOW =
  "REGISTER, OPTIONS, INVITE, ACK, CANCEL, BYE, INFO, MESSAGE, NOTIFY, PRACK, PUBLISH, REFER, SUBSCRIBE, UPDATE";

const SUPPORTED_TAGS: ReadonlySet<string> = new Set(["path", "outbound"]);

/** Supported of the registrar (RFC 3327, RFC 5626). */
export const SUPPORTED = [...SUPPORTED_TAGS].join(", ");

/** Header lines about bodies in the answer to OPTIONS (§11.2). */
const ACCEPT = "Accept: application/sdp\r\nAccept-Encoding: identity\r\nAccept-Language: en\r\n";

/** Answers a request for this server other than REGISTER; `userAgent` is the name of the server. */
export function answerAsServer(request: SipRequest, userAgent: string): Answer {
  if (request.method !== "OPTIONS") return { status: 405, headers: "Allow: REGISTER, OPTIONS\r\n" };
  const extension = refuseExtensions(request, Header.Require);
  if (extension) return extension;
  return {
    status: 200,
    headers: `Allow: ${ALLOW}\r\n${ACCEPT}Supported: ${SUPPORTED}\r\nServer: ${userAgent}\r\n`,
  };
}

/** Refuses a request whose Require or Proxy-Require has unknown option tags (§8.2.2.3, §16.3 step 5). */
export function refuseExtensions(
  request: SipRequest,
  header: typeof Header.Require | typeof Header.ProxyRequire,
): Answer | undefined {
  return request.has(header) ? refuseUnknownTags(request, header) : undefined;
}

function refuseUnknownTags(request: SipRequest, header: HeaderId): Answer | undefined {
  const understood = header === Header.Require ? SUPPORTED_TAGS : new Set<string>();
  const unsupported = request.values(header).filter((tag) => !understood.has(tag.toLowerCase()));
  if (unsupported.length === 0) return undefined;
  const tags = unsupported.join(", ");
  return { status: 420, headers: `Unsupported: ${tags}\r\n`, cause: `not supported: ${tags}` };
}
