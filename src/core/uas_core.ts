/** Requests that are for the server itself (§8.2, §11.2). */
import type { SipRequest } from "../message/sip_message.ts";
import { Header } from "../message/header_name.ts";
import type { Answer } from "./answer.ts";

/** What the server can be asked to do itself. */
export const ALLOW =
  "REGISTER, OPTIONS, INVITE, ACK, CANCEL, BYE, INFO, MESSAGE, NOTIFY, PRACK, PUBLISH, REFER, SUBSCRIBE, UPDATE";

/** Option tags of the registrar (RFC 3327). */
export const SUPPORTED = "path";

const SUPPORTED_TAGS: ReadonlySet<string> = new Set([SUPPORTED]);

/** Answers a request that was sent to us and is not REGISTER; `userAgent` is what we call ourselves. */
export function answerAsServer(request: SipRequest, userAgent: string): Answer {
  if (request.method !== "OPTIONS") return { status: 405, headers: "Allow: REGISTER, OPTIONS\r\n" };
  const extension = refuseExtensions(request, Header.Require);
  if (extension) return extension;
  return {
    status: 200,
    headers:
      `Allow: ${ALLOW}\r\nAccept: application/sdp\r\nSupported: ${SUPPORTED}\r\nServer: ${userAgent}\r\n`,
  };
}

/** §8.2.2.3 and §16.3 step 5: 420 with the option tags that are not understood. */
export function refuseExtensions(
  request: SipRequest,
  header: typeof Header.Require | typeof Header.ProxyRequire,
): Answer | undefined {
  if (!request.has(header)) return undefined;
  const understood = header === Header.Require ? SUPPORTED_TAGS : new Set<string>();
  const unsupported = request.values(header).filter((tag) => !understood.has(tag.toLowerCase()));
  if (unsupported.length === 0) return undefined;
  const tags = unsupported.join(", ");
  return { status: 420, headers: `Unsupported: ${tags}\r\n`, cause: `not supported: ${tags}` };
}
