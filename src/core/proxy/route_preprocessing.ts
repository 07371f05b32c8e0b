/** §16.4: what the Route headers say about us, and what is left of them. */
import { Header } from "../../message/header_name.ts";
import { parseNameAddr } from "../../message/name_addr.ts";
import type { SipRequest } from "../../message/sip_message.ts";
import type { Flow } from "../../transport/transport.ts";
import { SipUri } from "../../message/sip_uri.ts";
import type { NodeRoute, NodeRoutes } from "../cluster/node_route.ts";
import type { DialogRoute, DialogRoutes } from "./dialog_route.ts";

/** A request with its Route headers read. */
export interface RoutedRequest {
  /** The Request-URI to go by; not the one in the message when a strict router sent it (§16.4). */
  readonly requestUri: string;
  /** The same when it is a SIP or SIPS URI. */
  readonly uri: SipUri | undefined;
  /** Route values that are left, ours taken off the top. */
  readonly routes: readonly string[];
  /** Set when a sealed Route entry proves that the request belongs to a dialog that came through us. */
  readonly dialog: DialogRoute | undefined;
  /** Set when another node sent the request here, for a device whose flow this one has. */
  readonly node?: NodeRoute;
}

/** Who we are, for telling our Route entries. */
export interface RouteContext {
  readonly dialogRoutes: DialogRoutes;
  /** Absent where no other node shares our bindings. */
  readonly nodeRoutes: NodeRoutes | undefined;
  /** Whether the URI names this server, by address or by a domain it serves. */
  isOurs(uri: SipUri): boolean;
}

/** Reads Route as §16.4 has it. `flow` is the one the request came by. */
export function preprocessRoutes(request: SipRequest, flow: Flow, context: RouteContext): RoutedRequest {
  if (!request.has(Header.Route)) {
    return { requestUri: request.requestUri, uri: request.uri, routes: [], dialog: undefined };
  }
  let routes = request.values(Header.Route);
  let requestUri = request.requestUri;
  let uri = request.uri;
  let dialog: DialogRoute | undefined;
  let node: NodeRoute | undefined;
  // A strict router put our Record-Route entry into the Request-URI, and the Request-URI at the end of Route.
  if (uri && uri.parameter("lr") !== undefined && context.isOurs(uri)) {
    dialog = context.dialogRoutes.open(uri, request, flow);
    if (dialog) {
      requestUri = uriOf(routes[routes.length - 1]) ?? requestUri;
      uri = SipUri.parse(requestUri);
      routes = routes.slice(0, -1);
    }
  }
  while (routes.length > 0) {
    const text = uriOf(routes[0]);
    const route = text === undefined ? undefined : SipUri.parse(text);
    if (!route) break;
    // Other nodes may know us by an address that we do not know ourselves; the seal proves that it is for us.
    const opened = context.nodeRoutes?.open(route, request);
    if (!opened && !context.isOurs(route)) break;
    node ??= opened;
    dialog ??= context.dialogRoutes.open(route, request, flow);
    routes = routes.slice(1);
  }
  return { requestUri, uri, routes, dialog, node };
}

/** The URI of a Route value. */
export function uriOf(route: string): string | undefined {
  return parseNameAddr(route, 0, route.length)?.uriText;
}
