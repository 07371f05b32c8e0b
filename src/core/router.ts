/** The router: which targets a request has (§16.5). */
import type { Directory } from "../data/directory.ts";
import type { Binding } from "../location/binding.ts";
import type { LocationService } from "../location/location_service.ts";
import { splitValues } from "../message/header_rows.ts";
import { SipUri } from "../message/sip_uri.ts";
import { type Flow, isSecure } from "../transport/transport.ts";
import type { Answer } from "./answer.ts";
import type { Caller } from "./caller.ts";
import type { Target } from "./proxy/target.ts";

/** What the router asks. */
export interface RouterParts {
  readonly directory: Directory;
  readonly location: LocationService<Flow>;
  /** `spec.interDomainCalls`: agents may call agents of domains they do not belong to. */
  readonly allowsInterDomainCalls: boolean;
  /** Whether a URI names this server by address. */
  isServerAddress(uri: SipUri): boolean;
}

/** Targets, at least one, or what to answer. */
export type Routing =
  | { readonly kind: "targets"; readonly targets: readonly Target[] }
  | { readonly kind: "refused"; readonly answer: Answer };

const SECURE_SCHEME = /^sips:/i;

export class Router {
  readonly #parts: RouterParts;

  constructor(parts: RouterParts) {
    this.#parts = parts;
  }

  /** The target set for a request outside of a dialog, from somebody who is known. */
  determineTargetSet(uri: SipUri | undefined, caller: Caller): Routing {
    // A number belongs to nobody here.
    if (!uri) return refuse(404);
    const domain = this.#domainOf(uri, caller);
    if (domain === undefined) return refuse(403);
    const { directory, location, allowsInterDomainCalls } = this.#parts;
    if (caller.kind === "agent" && !caller.agent.domains.includes(domain) && !allowsInterDomainCalls) {
      return refuse(403);
    }
    const agent = directory.agent(uri.userText, domain);
    if (!agent) return refuse(404);
    const targets = location.lookup(`sip:${agent.username}@${domain}`)
      .filter((binding) => !uri.secure || isSecureBinding(binding))
      .map((binding) => targetOf(binding, uri.secure));
    return targets.length === 0 ? refuse(480) : { kind: "targets", targets };
  }

  /** The domain of ours that a URI is aimed at: its host, or the caller's own when the host is this server. */
  #domainOf(uri: SipUri, caller: Caller): string | undefined {
    if (this.#parts.directory.domain(uri.host)) return uri.host;
    return caller.kind === "agent" && this.#parts.isServerAddress(uri) ? caller.domain : undefined;
  }
}

function refuse(status: number): Routing {
  return { kind: "refused", answer: { status } };
}

/** `sips:` goes to those only who registered a `sips:` Contact, and over TLS to the last hop (RFC 5630 §5.3). */
function isSecureBinding({ contact, flow }: Binding<Flow>): boolean {
  return isSecure(flow.protocol) && SECURE_SCHEME.test(contact);
}

/**
 * A binding as a target. It is reached by the flow it was registered over, also when a Path leads on from there
 * (RFC 3327 §5.5): whoever registers cannot send us anywhere else.
 */
function targetOf({ contact, path, flow, listensAt, q }: Binding<Flow>, isSecureRequest: boolean): Target {
  const requestUri = requestUriOf(contact);
  return {
    requestUri: isSecureRequest ? requestUri : withoutSecureScheme(requestUri, flow),
    routes: splitValues(path),
    flow: flow.isOpen ? flow : flow.transport.flowTo(flow.remoteAddress, listensAt),
    q,
  };
}

/** A `sips:` Contact stands for the same one as `sip:`, too, which is what others than `sips:` callers get (RFC 5630 §5.1.1.1). */
function withoutSecureScheme(uri: string, { protocol }: Flow): string {
  if (!SECURE_SCHEME.test(uri)) return uri;
  const transport = protocol === "tls" && !/;transport=/i.test(uri) ? ";transport=tls" : "";
  return `sip:${uri.slice(5)}${transport}`;
}

/** A Contact without what no Request-URI may have: header fields and a method (§19.1.1, §16.6 step 2). */
function requestUriOf(contact: string): string {
  if (!contact.includes("?") && !/;method=/i.test(contact)) return contact;
  const uri = SipUri.parse(contact);
  if (!uri) return contact;
  const address = contact.slice(0, contact.length - uri.parameters.length - uri.headers.length);
  return address + uri.parameters.replace(/;method=[^;]*/gi, "");
}
