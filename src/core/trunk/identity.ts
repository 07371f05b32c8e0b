/** Identities of callers: From, Contact, P-Asserted-Identity (RFC 3325), Remote-Party-ID, Privacy (RFC 3323). */
import { globalNumber } from "../../data/dialled_number.ts";
import type { Did } from "../../data/did.ts";
import type { Gateway } from "../../data/gateway.ts";
import { trimWhiteSpace } from "../../message/characters.ts";
import { contactOf } from "../../message/contact.ts";
import { Header } from "../../message/header_name.ts";
import type { HeaderRows } from "../../message/header_rows.ts";
import { type NameAddr, parseNameAddrList } from "../../message/name_addr.ts";
import type { SipRequest } from "../../message/sip_message.ts";
import { TelUri } from "../../message/tel_uri.ts";
import { toUriHost } from "../../runtime/ip/ip_address.ts";
import { cut } from "../../runtime/text.ts";

/** Returns an anonymous From with its tag. */
export function anonymousFrom({ from }: SipRequest): string {
  return `"Anonymous" <sip:anonymous@anonymous.invalid>${from.parameters}`;
}

/**
 * Header fields that describe the sender beyond From, or the way that a call has taken: billing, redirection, access.
 * Gateways hear them from trusted callers only. Lower case, compact forms among them.
 */
export const TRUSTED_STATEMENTS: ReadonlySet<string> = new Set([
  ...["diversion", "cc-diversion", "history-info", "referred-by", "b", "reply-to", "organization"],
  ...["identity", "y", "identity-info", "n", "rpid-privacy", "charge", "p-charge-info", "p-charging-vector"],
  ...["p-charging-function-addresses", "p-access-network-info", "p-visited-network-id", "p-associated-uri"],
  ...["p-served-user", "p-profile-key", "p-user-database", "p-asserted-service", "p-preferred-service"],
  ...["p-dcs-billing-info", "p-dcs-laes", "p-dcs-redirect", "p-dcs-trace-party-id", "p-dcs-osps"],
  ...["geolocation", "cellular-network-info", "additional-identity"],
]);

/** Header fields that say who an anonymous caller is, with those that RFC 3323 §5.3 lists. */
export const STATEMENTS_ABOUT_CALLERS: ReadonlySet<string> = new Set([
  ...TRUSTED_STATEMENTS,
  ...["subject", "s", "call-info", "user-agent", "in-reply-to"],
]);

/** Parameters of a Contact URI that say how to reach it, and nothing else. */
const WAYS: ReadonlySet<string> = new Set(["transport", "maddr", "ob", "lr"]);

/** User part of a Contact that names nobody. */
export const ANONYMOUS_USER = "anonymous";

/** Returns the Contact of an anonymous caller (RFC 3323 §4.1.1): its address, without user and instance. */
export function anonymousContact(message: HeaderRows): string | undefined {
  const uri = contactOf(message)?.uri;
  if (!uri) return undefined;
  const { secure, host, port, parameters } = uri;
  const ways = parameters.split(";").filter((each) => WAYS.has(each.split("=", 1)[0].toLowerCase()));
  const hostPort = port === undefined ? host : `${host}:${port}`;
  return `<${secure ? "sips" : "sip"}:${ANONYMOUS_USER}@${[hostPort, ...ways].join(";")}>`;
}

/** Returns Contact without its display name; undefined where it has none. */
export function namelessContact(message: HeaderRows): string | undefined {
  const contact = contactOf(message);
  return contact && contact.displayName !== "" ? `<${contact.uriText}>${contact.parameters}` : undefined;
}

/**
 * Returns From or To with its number in the global form (`spec.ex_convertTelToE164`); undefined where it has none, or is
 * in that form already.
 */
export function withGlobalNumber(
  text: string,
  { start, uri, uriText, uriStart, uriEnd, end }: NameAddr,
): string | undefined {
  const user = uri?.user ?? TelUri.parse(uriText)?.number;
  if (user === undefined) return undefined;
  const [written] = user.split(";", 1);
  const number = globalNumber(written.replace(/^%2B/i, "+"));
  if (number === undefined || number === written) return undefined;
  const [scheme] = uriText.split(":", 1);
  const rest = uri ? uriText.slice(scheme.length + 1 + written.length) : TelUri.parse(uriText)!.parameters;
  return cut(text, start, uriStart) + `${scheme}:${number}${rest}` + cut(text, uriEnd, end);
}

/** Returns From at the host of a gateway; undefined where it is anonymous, or no URI with a host. */
export function fromAt(
  { host }: Gateway,
  { from, text }: SipRequest,
  { hasName, isGlobal }: { hasName: boolean; isGlobal: boolean },
): string | undefined {
  const { uri } = from;
  if (!uri || uri.user === undefined || uri.host.endsWith(".invalid")) return undefined;
  const name = hasName ? nameOf(text, from) : "";
  const user = isGlobal ? globalNumber(uri.userText) ?? uri.user : uri.user;
  return `${name}<sip:${user}@${toUriHost(host)}>${from.parameters}`;
}

/** Returns the header lines that tell a gateway which of its numbers calls. */
export function assertedIdentity(
  request: SipRequest,
  { gateway, number, isPrivate, hasName }: {
    gateway: Gateway;
    number: string;
    isPrivate: boolean;
    /** Whether the display name may be told. */
    hasName: boolean;
  },
): string {
  const uri = `<sip:${number}@${toUriHost(gateway.host)}>`;
  const name = isPrivate || !hasName ? "" : nameOf(request.text, request.from);
  const privacy = isPrivate ? ";privacy=full" : "";
  return `P-Asserted-Identity: ${name}${uri}\r\n` +
    `Remote-Party-ID: ${name}${uri};party=calling;screen=yes${privacy}\r\n`;
}

/** Returns the number of a DID as a user part: `+17066041487`. */
export function numberOfDid({ telUrl, digits }: Did): string {
  return TelUri.parse(telUrl)?.number ?? digits;
}

/** Returns the user parts that a trusted sender claims for its caller, the asserted ones first. */
export function claimedUsers(request: SipRequest): string[] {
  const asserted = request.rowValues(Header.PAssertedIdentity).flatMap((value) =>
    parseNameAddrList(value)?.map(({ uri, uriText }) => uri?.userText ?? TelUri.parse(uriText)?.number) ?? []
  );
  return [...asserted, request.from.uri?.userText].filter((user) => user !== undefined);
}

/** Returns the display name as written, with a blank behind it; "" when there is none. */
function nameOf(text: string, { start, uriStart }: SipRequest["from"]): string {
  const name = trimWhiteSpace(cut(text, start, uriStart).replace(/<$/, ""));
  return name === "" ? "" : `${name} `;
}
