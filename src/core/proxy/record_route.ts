/** §16.6 step 4: our Record-Route entries, where we stay in the path of a dialog. */
import { contactOf } from "../../message/contact.ts";
import type { SipRequest } from "../../message/sip_message.ts";
import { hasSecureScheme, SipUri } from "../../message/sip_uri.ts";
import { type Flow, transportParameter } from "../../transport/transport.ts";
import type { TransportLayer } from "../../transport/transport_layer.ts";
import { passedNat } from "../flows/contact_flows.ts";
import { namesFlow } from "../flows/flow_uri.ts";
import type { DialogRoutes } from "./dialog_route.ts";
import type { Target } from "./target.ts";

export interface RecordRouteParts {
  readonly transport: Pick<TransportLayer, "sentBy" | "haveOneNetwork">;
  readonly dialogRoutes: DialogRoutes;
  /** `spec.recordRoute`: stay in the path of every dialog, where one could not go on otherwise, or of none but with gateways. */
  readonly recordsRoute: boolean | "never";
}

/** A request that begins a dialog, on its way to a target. */
export interface DialogPath {
  readonly request: SipRequest;
  /** The flow it came by. */
  readonly incoming: Flow;
  /** The flow it goes by. */
  readonly outgoing: Flow;
  readonly target: Target;
  /** See `BranchRewrite`; "" for none. */
  readonly annotations: string;
  /** See `ForwardOutcome`. */
  readonly staysInPath: boolean;
}

export interface RecordRouteEntries {
  /** The user part of the entries: a flow token (RFC 5626 §5.3). */
  readonly token: string;
  /** Header lines, each ended by CRLF. */
  readonly lines: string;
}

/** Requests that begin dialogs, and so carry Record-Route. */
export const BEGINS_DIALOGS: ReadonlySet<string> = new Set(["INVITE", "SUBSCRIBE", "NOTIFY", "REFER"]);

export class RecordRoutes {
  readonly #parts: RecordRouteParts;

  constructor(parts: RecordRouteParts) {
    this.#parts = parts;
  }

  /**
   * Returns our entry, one for each side where the sides differ (RFC 5658); undefined when we need not stay in the path.
   */
  entriesFor(path: DialogPath): RecordRouteEntries | undefined {
    const { request, incoming, outgoing, target, annotations } = path;
    const { transport, dialogRoutes, recordsRoute } = this.#parts;
    const mayLeave = annotations === "" && !path.staysInPath;
    if (mayLeave && recordsRoute === "never") return undefined;
    const isSecure = hasSecureScheme(target.requestUri);
    const facingCaller = routeAddress(incoming, transport.sentBy(incoming), isSecure);
    const facingCallee = routeAddress(outgoing, transport.sentBy(outgoing), isSecure);
    const isSameSide = facingCaller === facingCallee;
    if (isSameSide && mayLeave && !recordsRoute && this.#mayLeave(path)) return undefined;
    const ends = { caller: incoming, callee: outgoing };
    const token = dialogRoutes.tokenFor(request, ends, { isSecure, annotations });
    const scheme = isSecure ? "sips" : "sip";
    const top = `Record-Route: <${scheme}:${token}@${facingCallee};lr>\r\n`;
    const below = isSameSide ? "" : `Record-Route: <${scheme}:${token}@${facingCaller};lr>\r\n`;
    return { token, lines: top + below };
  }

  /** Reports whether both ends reach each other without us. */
  #mayLeave({ request, incoming, outgoing, target }: DialogPath): boolean {
    return !target.isBehindNat && !passedNat(request, incoming) &&
      isReachable(contactOf(request)?.uri, incoming) &&
      isReachable(SipUri.parse(target.requestUri), outgoing) &&
      this.#parts.transport.haveOneNetwork(incoming, outgoing);
  }
}

/**
 * Reports whether others in the network of a flow can send to this URI themselves: it is the address that the flow has,
 * and its owner does not say that only the flow leads to it (`ob`, RFC 5626 §4.3).
 */
function isReachable(uri: SipUri | undefined, flow: Flow): boolean {
  return !flow.isConnection && uri !== undefined && namesFlow(uri, flow) && uri.parameter("ob") === undefined;
}

/** `sips:` stands for TLS, so that its URIs do not name it (RFC 3261 §26.2.2). */
function routeAddress({ protocol }: Flow, sentBy: string, isSecure: boolean): string {
  return isSecure && protocol === "tls" ? sentBy : sentBy + transportParameter(protocol);
}
