/** Who a call says it is from on a trunk: From, P-Asserted-Identity (RFC 3325), Remote-Party-ID, Privacy (RFC 3323). */
import type { Did } from "../../data/did.ts";
import type { Gateway } from "../../data/gateway.ts";
import { trimWhiteSpace } from "../../message/characters.ts";
import { Header } from "../../message/header_name.ts";
import { parseNameAddrList } from "../../message/name_addr.ts";
import type { SipRequest } from "../../message/sip_message.ts";
import { TelUri } from "../../message/tel_uri.ts";
import { toUriHost } from "../../transport/ip_address.ts";

/** Whether the caller asks that those who are called do not learn who calls. */
export function asksForPrivacy(request: SipRequest): boolean {
  return request.rowValues(Header.Privacy)
    .some((value) => value.toLowerCase().split(/[\s;,]+/).some((type) => type === "id" || type === "user"));
}

/** From without a name, its tag kept. */
export function anonymousFrom({ from }: SipRequest): string {
  return `"Anonymous" <sip:anonymous@anonymous.invalid>${from.parameters}`;
}

/** From at the host of a gateway; undefined where it is anonymous, or nothing that has a host. */
export function fromAt({ host }: Gateway, { from, text }: SipRequest): string | undefined {
  const { uri } = from;
  if (!uri || uri.user === undefined || uri.host.endsWith(".invalid")) return undefined;
  return `${nameOf(text, from)}<sip:${uri.user}@${toUriHost(host)}>${from.parameters}`;
}

/** The header lines that tell a gateway which of its numbers calls. */
export function assertedIdentity(
  request: SipRequest,
  { gateway, number, isPrivate }: { gateway: Gateway; number: string; isPrivate: boolean },
): string {
  const uri = `<sip:${number}@${toUriHost(gateway.host)}>`;
  const name = isPrivate ? "" : nameOf(request.text, request.from);
  const privacy = isPrivate ? ";privacy=full" : "";
  return `P-Asserted-Identity: ${name}${uri}\r\n` +
    `Remote-Party-ID: ${name}${uri};party=calling;screen=yes${privacy}\r\n`;
}

/** The number of a DID as a user part: `+17066041487`. */
export function numberOfDid({ telUrl, digits }: Did): string {
  return TelUri.parse(telUrl)?.number ?? digits;
}

/** User parts that a trusted sender claims for its caller, the asserted ones first. */
export function claimedUsers(request: SipRequest): string[] {
  const asserted = request.rowValues(Header.PAssertedIdentity).flatMap((value) =>
    parseNameAddrList(value)?.map(({ uri, uriText }) => uri?.userText ?? TelUri.parse(uriText)?.number) ?? []
  );
  return [...asserted, request.from.uri?.userText].filter((user) => user !== undefined);
}

/** The display name as written, with a blank behind it; "" when there is none. */
function nameOf(text: string, { start, uriStart }: SipRequest["from"]): string {
  const name = trimWhiteSpace(text.substring(start, uriStart).replace(/<$/, ""));
  return name === "" ? "" : `${name} `;
}
