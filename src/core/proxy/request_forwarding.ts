/** §16.6: the copy of a request that goes to one target. */
import { parseDigestCredentials } from "../../message/digest.ts";
import { Header, type HeaderId } from "../../message/header_name.ts";
import { ROW_STRIDE } from "../../message/header_rows.ts";
import { MessageEdits } from "../../message/message_edits.ts";
import type { HeaderRows } from "../../message/header_rows.ts";
import { type NameAddr, parseNameAddr } from "../../message/name_addr.ts";
import type { SipRequest } from "../../message/sip_message.ts";
import { SipUri } from "../../message/sip_uri.ts";
import type { Flow } from "../../transport/transport.ts";
import type { Leg } from "./leg.ts";
import { uriOf } from "./route_preprocessing.ts";

/** Max-Breadth of a request that has none (RFC 5393 §5.3.3). */
export const DEFAULT_BREADTH = 60;

/** What all copies of a request have in common. */
export interface CommonPart {
  /** Header rows from the first Via on, with this hop's changes, the empty line and the body. */
  readonly text: string;
  readonly method: string;
}

/** What changes in all copies. */
export interface CommonChanges {
  /** Header row of credentials that were checked here; -1 for none. */
  readonly credentialsRow: number;
  /** Whether Proxy-Authorization for this realm is meant for us: it goes no further (§22.3). */
  ownsRealm(realm: string): boolean;
  /** Whether the sender may assert identities (RFC 3325 §5). */
  readonly isTrusted: boolean;
  /** Set where the request has to be another on the next leg. */
  readonly leg?: Leg;
}

/** Steps 1, 3 and 9: a copy with its Max-Forwards counted down, our Routes and credentials off, Content-Length on. */
export function buildCommonPart(request: SipRequest, changes: CommonChanges): CommonPart {
  const { text, rows } = request;
  const edits = new MessageEdits();
  const { topVia } = request;
  if (request.isViaStamped) edits.replace(topVia.start, topVia.end, request.topViaText);
  const maxForwards = request.rowOf(Header.MaxForwards);
  if (maxForwards >= 0) {
    edits.replace(rows[maxForwards + 2], rows[maxForwards + 3], String(request.maxForwards! - 1));
  }
  edits.removeAll(request, Header.Route);
  const length = request.rowOf(Header.ContentLength);
  for (let row = length; row >= 0; row = request.rowOf(Header.ContentLength, row)) {
    if (row !== length) edits.removeRow(request, row);
  }
  edits.removeAll(request, Header.MaxBreadth);
  if (!changes.isTrusted) {
    edits.removeAll(request, Header.PAssertedIdentity);
    edits.removeAll(request, Header.PPreferredIdentity);
    edits.removeAll(request, Header.RemotePartyId);
  }
  removeCredentials(request, Header.ProxyAuthorization, changes, edits);
  removeCredentials(request, Header.Authorization, changes, edits);
  if (changes.leg) applyLeg(request, changes.leg, edits);
  const added = (changes.leg?.added ?? "") + (maxForwards < 0 ? "Max-Forwards: 70\r\n" : "") +
    (request.has(Header.ContentLength) ? "" : `Content-Length: ${request.bodyEnd - request.bodyStart}\r\n`);
  return { text: added + edits.apply(text, rows[1], request.bodyEnd), method: request.method };
}

/** Credentials for realms of ours, and those that were checked: whoever gets them could call with them. */
function removeCredentials(
  request: SipRequest,
  id: HeaderId,
  changes: CommonChanges,
  edits: MessageEdits,
): void {
  for (let row = request.rowOf(id); row >= 0; row = request.rowOf(id, row)) {
    if (row !== changes.credentialsRow) {
      const credentials = parseDigestCredentials(request.rowValue(row));
      if (credentials && !changes.ownsRealm(credentials.realm)) continue;
    }
    edits.removeRow(request, row);
  }
}

/** The CSeq of a leg with numbers of its own is written with each copy. */
function applyLeg(request: SipRequest, leg: Leg, edits: MessageEdits): void {
  const { removed, removedNames, shift } = leg;
  const { rows } = request;
  for (
    const [id, value] of [
      [Header.From, leg.from],
      [Header.To, leg.to],
      [Header.Contact, leg.contact],
    ] as const
  ) {
    let row = value === undefined ? -1 : request.rowOf(id);
    if (value === undefined || row < 0) continue;
    edits.replace(rows[row + 2], rows[row + 3], value);
    while ((row = request.rowOf(id, row)) >= 0) edits.removeRow(request, row);
  }
  for (const id of removed) edits.removeAll(request, id);
  for (let row = 0; removedNames && row < rows.length; row += ROW_STRIDE) {
    if (removedNames.has(request.rowName(row).toLowerCase())) edits.removeRow(request, row);
  }
  if (!shift) return;
  edits.removeAll(request, Header.CSeq);
  const rack = request.rowOf(Header.RAck);
  const [, response, cseq, method] = /^(\d+)\s+(\d+)\s+(\S+)$/.exec(request.header(Header.RAck) ?? "") ?? [];
  if (method === undefined) return;
  edits.replace(rows[rack + 2], rows[rack + 3], `${response} ${Number(cseq) + shift.ofInvite} ${method}`);
}

/** What is particular to one copy. */
export interface CopyParts {
  readonly requestUri: string;
  /** Route values, top first. */
  readonly routes: readonly string[];
  readonly branch: string;
  readonly flow: Flow;
  /** `host:port` of ours for the Via. */
  readonly sentBy: string;
  /** Record-Route lines, each ended by CRLF, or "". */
  readonly recordRoute: string;
  readonly breadth: number;
  /** Further header lines, each ended by CRLF. */
  readonly added: string;
}

/** A whole copy. */
export function buildCopy(common: CommonPart, copy: CopyParts): string {
  return buildCopyHead(common, copy) + common.text;
}

/** Steps 2, 4, 6 and 8: Request-URI, Record-Route, Route and our Via, to be put on top of the common part. */
export function buildCopyHead(common: CommonPart, copy: CopyParts): string {
  const { requestUri, routes } = repairForStrictRouter(copy);
  let head =
    `${common.method} ${requestUri} SIP/2.0\r\nVia: SIP/2.0/${copy.flow.protocol.toUpperCase()} ${copy.sentBy}` +
    `;branch=${copy.branch};rport${copy.flow.domain === undefined ? "" : ";alias"}\r\n${copy.recordRoute}`;
  for (const route of routes) head += `Route: ${route}\r\n`;
  return `${head}Max-Breadth: ${copy.breadth}\r\n${copy.added}`;
}

/** Step 6: a first Route without `lr` is a strict router: it wants itself in the Request-URI. */
function repairForStrictRouter(copy: CopyParts): { requestUri: string; routes: readonly string[] } {
  const { requestUri, routes } = copy;
  const first = routes.length > 0 ? uriOf(routes[0]) : undefined;
  if (first === undefined || isLooseRouter(first)) return { requestUri, routes };
  return { requestUri: first, routes: [...routes.slice(1), `<${requestUri}>`] };
}

function isLooseRouter(route: string): boolean {
  return SipUri.parse(route)?.parameter("lr") !== undefined;
}

/** The Contact of a request when it is a SIP URI. */
export function contactUri(request: SipRequest): SipUri | undefined {
  return contactOf(request)?.uri;
}

/** The URI in the first Contact of a message. */
export function contactText(message: HeaderRows): string | undefined {
  return contactOf(message)?.uriText;
}

function contactOf(message: HeaderRows): NameAddr | undefined {
  const row = message.rowOf(Header.Contact);
  return row < 0 ? undefined : parseNameAddr(message.text, message.rows[row + 2], message.rows[row + 3]);
}
