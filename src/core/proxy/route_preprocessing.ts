/** §16.4: takes our entries off Route, and reads what they say. */
import { Header } from "../../message/header_name.ts";
import { parseNameAddr } from "../../message/name_addr.ts";
import type { SipRequest } from "../../message/sip_message.ts";
import type { Flow } from "../../transport/transport.ts";
import { SipUri } from "../../message/sip_uri.ts";
import { indexIn } from "../../runtime/text.ts";
import type { NodeRoute, NodeRoutes } from "../cluster/node_route.ts";
import { type DialogRoute, type DialogRoutes, isFlowToken } from "./dialog_route.ts";

/** A request with its Route headers read. */
export interface RoutedRequest {
  /** The Request-URI to go by; not the one in the message when a strict router sent it (§16.4). */
  readonly requestUri: string;
  /** `requestUri`, when it is a SIP or SIPS URI. */
  readonly uri: SipUri | undefined;
  /** Route values that are left, ours taken off the top. */
  readonly routes: readonly string[];
  /** Set when a Record-Route entry of ours proves that the request belongs to a dialog that came through us. */
  readonly dialog: DialogRoute | undefined;
  /** Whether there is an entry of ours, but of another dialog than the request is in. */
  readonly isOfOtherDialog: boolean;
  /** Set when another node sent the request here, for a device whose flow this one has. */
  readonly node: NodeRoute | undefined;
}

const NO_ROUTES: readonly string[] = [];

/** A request whose Route headers have not been read. */
export const UNROUTED: RoutedRequest = {
  requestUri: "",
  uri: undefined,
  routes: NO_ROUTES,
  dialog: undefined,
  isOfOtherDialog: false,
  node: undefined,
};

/** The identity of this server, as Route entries may name it. */
export interface RouteContext {
  readonly dialogRoutes: DialogRoutes;
  /** Absent where no other node shares our bindings. */
  readonly nodeRoutes: NodeRoutes | undefined;
  readonly ownUris: {
    /** Reports whether the URI names this server, by address or by a domain it serves. */
    isOurs(uri: SipUri): boolean;
    /** Reports whether requests with this URI are sent to an address of this server. */
    isAddress(uri: SipUri): boolean;
  };
}

/** Reads Route as §16.4 has it. `flow` is the one the request came by. */
export function preprocessRoutes(request: SipRequest, flow: Flow, context: RouteContext): RoutedRequest {
  let { requestUri, uri } = request;
  if (uri && uri.nextHost !== uri.host && context.ownUris.isAddress(uri)) {
    requestUri = withoutMaddr(uri);
    uri = SipUri.parse(requestUri);
  }
  if (!request.has(Header.Route)) {
    return { requestUri, uri, routes: NO_ROUTES, dialog: undefined, isOfOtherDialog: false, node: undefined };
  }
  let routes = routeValues(request);
  let dialog: DialogRoute | undefined;
  let node: NodeRoute | undefined;
  let token: string | undefined;
  // A strict router put our Record-Route entry into the Request-URI, and the Request-URI at the end of Route.
  if (uri && uri.parameter("lr") !== undefined && context.ownUris.isOurs(uri)) {
    dialog = context.dialogRoutes.open(uri, request, flow);
    if (dialog) {
      token = uri.user;
      requestUri = uriOf(routes[routes.length - 1]) ?? requestUri;
      uri = SipUri.parse(requestUri);
      routes = routes.slice(0, -1);
    }
  }
  let first = 0;
  while (first < routes.length) {
    const route = parseNameAddr(routes[first], 0, routes[first].length)?.uri;
    if (!route) break;
    // Other nodes may know us by an address that we do not know ourselves; the signature proves that it is for us.
    if (first === 0) node = context.nodeRoutes?.verify(route, request);
    // One passage of ours has one entry, or two with one user part (RFC 5658). The next one is the next passage.
    if (token !== undefined && route.user !== token) break;
    if (!(first === 0 && node) && !context.ownUris.isOurs(route)) break;
    if (token === undefined && isFlowToken(route)) {
      token = route.user;
      dialog = context.dialogRoutes.open(route, request, flow);
    }
    first++;
  }
  if (first > 0) routes = first === routes.length ? NO_ROUTES : routes.slice(first);
  const isOfOtherDialog = token !== undefined && !dialog && request.to.tag !== "";
  return { requestUri, uri, routes, dialog, isOfOtherDialog, node };
}

/** Most requests within a dialog have one Route. */
function routeValues(request: SipRequest): readonly string[] {
  const row = request.rowOf(Header.Route);
  const value = request.rowValue(row);
  const isOnly = value !== "" && indexIn(value, ",") < 0 && request.rowOf(Header.Route, row) < 0;
  return isOnly ? [value] : request.values(Header.Route);
}

/** A Request-URI that names us by `maddr` means its host: `maddr` is taken off, with port and transport (§16.4). */
function withoutMaddr({ secure, user, host, parameters, headers }: SipUri): string {
  const left = parameters.replace(/;(?:maddr|transport)=[^;]*/gi, "");
  return `${secure ? "sips" : "sip"}:${user === undefined ? "" : `${user}@`}${host}${left}${headers}`;
}

/** Returns the URI of a Route value. */
export function uriOf(route: string): string | undefined {
  return parseNameAddr(route, 0, route.length)?.uriText;
}

/** Returns the URI of a Route value, parsed. */
export function routeUri(route: string): SipUri | undefined {
  const text = uriOf(route);
  return text === undefined ? undefined : SipUri.parse(text);
}
