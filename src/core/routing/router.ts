/** The router: which targets a request has (§16.5). */
import type { Agent } from "../../data/agent.ts";
import { didOfUser, globalNumber } from "../../data/dialled_number.ts";
import type { Did } from "../../data/did.ts";
import type { Directory } from "../../data/directory.ts";
import { egressRule } from "../../data/egress_rule.ts";
import type { Gateway } from "../../data/gateway.ts";
import type { Binding } from "../../location/binding.ts";
import type { LocationService } from "../../location/location_service.ts";
import { parseNameAddr } from "../../message/name_addr.ts";
import type { SipRequest } from "../../message/sip_message.ts";
import {
  addressOfRecord,
  escapeParameters,
  escapeUser,
  hasSecureScheme,
  SipUri,
  telephoneSubscriber,
} from "../../message/sip_uri.ts";
import { TelUri } from "../../message/tel_uri.ts";
import { toUriHost } from "../../runtime/ip/ip_address.ts";
import { isSecure } from "../../transport/transport.ts";
import type { Answer } from "../answer.ts";
import { bindingTarget } from "./binding_target.ts";
import type { BoundFlow } from "../flows/bound_flow.ts";
import type { Caller } from "../authentication/caller.ts";
import { accountParty, type DialogParty } from "../party.ts";
import { RemoteFlow } from "../flows/remote_flow.ts";
import type { RoutedRequest } from "../proxy/route_preprocessing.ts";
import type { Target } from "../proxy/target.ts";
import { hopToGateway } from "../trunk/gateway_addresses.ts";

/** What the router asks. */
export interface RouterParts {
  readonly directory: Directory;
  readonly location: LocationService<BoundFlow>;
  /** `spec.interDomainCalls`: agents may call agents of domains they do not belong to. */
  readonly allowsInterDomainCalls: boolean;
  /** `spec.useToAsAOR`: To says who is called, not the Request-URI. */
  readonly usesTo: boolean;
  /** `spec.addressInfo`: header fields in which gateways name the number that was dialled. */
  readonly addressInfo: readonly string[];
  /** `spec.ex_convertTelToE164`: numbers leave in their global form. */
  readonly hasGlobalNumbers: boolean;
  /** Whether a URI names this server by address. */
  isServerAddress(uri: SipUri): boolean;
}

/** Targets, at least one, or what to answer. */
export type Routing =
  | {
    readonly kind: "targets";
    readonly targets: readonly Target[];
    /** They may know who calls when the caller is not to be named (RFC 3325 §7). */
    readonly isTrusted: boolean;
    /** The gateway that a call came in by. */
    readonly gateway?: Gateway;
    /** How long the callee's devices ring before those of a lower q are tried, where it has a value of its own. */
    readonly serialRingSeconds?: number;
    /** The number that was dialled. */
    readonly did?: Did;
    /** The domain of who is called, where the request may not name it: its access control list has a say. */
    readonly domain?: string;
  }
  /** Out by a gateway, as one of its numbers. */
  | { readonly kind: "egress"; readonly target: Target; readonly gateway: Gateway; readonly did: Did }
  | { readonly kind: "refused"; readonly answer: Answer };

/** Who is called. */
interface Callee {
  /** User part, unescaped, or the number of a `tel:` URI. */
  readonly user: string;
  /** The same without the parameters of a number (RFC 3966 §3). */
  readonly number: string;
  /** These parameters as a user part may have them: `;npdi;rn=15550104111` (RFC 4694), or "". */
  readonly numberParameters: string;
  /** Undefined for a `tel:` URI, which belongs to no host. */
  readonly uri: SipUri | undefined;
  readonly isSecure: boolean;
}

/** Requests that leave by the policy of a domain. */
const LEAVES: ReadonlySet<string> = new Set(["INVITE", "MESSAGE"]);

export class Router {
  readonly #parts: RouterParts;

  constructor(parts: RouterParts) {
    this.#parts = parts;
  }

  /** The target set for a request outside of a dialog, from somebody who is known. */
  determineTargetSet(request: SipRequest, routed: RoutedRequest, caller: Caller): Routing {
    if (caller.kind === "gateway") return this.#ingress(request, routed.requestUri, caller.gateways);
    const callee = this.#parts.usesTo
      ? calleeOf(request.to.uriText, request.to.uri)
      : calleeOf(routed.requestUri, routed.uri);
    return this.#targetsFor(callee, caller, request.method);
  }

  /** Reports whether somebody may call a URI, whoever is there now. */
  mayCall(uri: SipUri, caller: Caller): boolean {
    const routing = this.#targetsFor(calleeOf(uri.text, uri), caller, "INVITE");
    return routing.kind !== "refused" || routing.answer.status === 480;
  }

  #targetsFor(callee: Callee | undefined, caller: Caller, method: string): Routing {
    const { directory, allowsInterDomainCalls } = this.#parts;
    // An emergency service, or something else that nobody here is called.
    if (!callee || callee.user === "") return refuse(404, "nobody here has such a URI");
    const domain = this.#domainOf(callee, caller);
    const agent = domain === undefined ? undefined : directory.agent(callee.user, domain);
    if (!agent) {
      const peer = this.#toPeer(callee);
      if (peer) return peer;
    }
    if (domain === undefined) {
      return this.#isForeign(callee) ? this.#toContact(callee, caller) : this.#toNumber(callee);
    }
    const isMember = caller.kind !== "agent" || caller.agent.domains.includes(domain);
    if (!isMember && !allowsInterDomainCalls) return refuse(403, "interDomainCalls is off");
    if (agent) return this.#toAgent(agent, domain, callee.isSecure);
    const inside = didOfUser(directory, callee.user);
    if (inside) return this.#toDid(inside, callee.isSecure);
    return isMember && caller.kind !== "stranger"
      ? this.#egress(callee, domain, method)
      : refuse(404, nobody(callee.user));
  }

  /**
   * A device that is called by the Contact it has registered, as after an attended transfer (RFC 7118 §5.2: a Contact of a
   * browser leads nowhere else). Who may call its agent may do so.
   */
  #toContact({ uri, isSecure }: Callee, caller: Caller): Routing {
    const { location, directory, allowsInterDomainCalls } = this.#parts;
    const found = uri && location.atContact(uri);
    const aor = found && SipUri.parse(found.aor);
    const [user, domain] = [aor?.userText ?? "", aor?.host ?? ""];
    const agent = directory.agent(user, domain);
    if (!found || !agent) return refuse(403, "no domain or peer of this server");
    const isMember = caller.kind !== "agent" || caller.agent.domains.includes(domain);
    if (!isMember && !allowsInterDomainCalls) return refuse(403, "interDomainCalls is off");
    const party = accountParty(agent, domain);
    return this.#toBindings([found.binding], { isSecure, isTrusted: false, party }) ??
      refuse(480, noDevice(user, isSecure));
  }

  /** A call from a gateway: for a number of its own, or for an agent by its address (design: ingress). */
  #ingress(request: SipRequest, requestUri: string, gateways: readonly Gateway[]): Routing {
    const { directory, usesTo, addressInfo } = this.#parts;
    const dialled = [requestUri, request.to.uriText];
    if (usesTo) dialled.reverse();
    for (const uri of [...dialled, addressInfoOf(request, addressInfo)]) {
      const callee = uri === undefined ? undefined : calleeOf(uri);
      const did = callee && didOfUser(directory, callee.user);
      const gateway = did && directory.gateway(did.gwRef);
      if (did && gateway && gateways.includes(gateway)) {
        // A DID lets its gateway in, wherever it rings.
        return by(gateway, this.#toDid(did, callee.isSecure), undefined);
      }
    }
    const callee = calleeOf(dialled[0]);
    const host = callee?.uri?.host;
    const cause = "no agent, and no DID of the gateway it came from";
    if (!callee || host === undefined) return refuse(404, cause);
    const agent = directory.agent(callee.user, host);
    return agent ? by(gateways[0], this.#toAgent(agent, host, callee.isSecure), host) : refuse(404, cause);
  }

  #toAgent(agent: Agent, domain: string, isSecure: boolean): Routing {
    const { location } = this.#parts;
    // A device that has registered in one domain of its agent is reached in all of them.
    for (const each of [domain, ...agent.domains]) {
      const bindings = location.lookup(addressOfRecord(agent.username, each));
      const party = accountParty(agent, each);
      const routing = this.#toBindings(bindings, { isSecure, isTrusted: false, party });
      if (routing?.kind === "targets") return { ...routing, serialRingSeconds: agent.serialRingSeconds };
    }
    return refuse(480, noDevice(agent.username, isSecure));
  }

  /** Undefined when no peer is called by this name. */
  #toPeer({ user, uri, isSecure }: Callee): Routing | undefined {
    const { directory, location, isServerAddress } = this.#parts;
    const peer = uri && directory.peer(user);
    if (!peer) return undefined;
    const bindings = location.lookup(addressOfRecord(user, uri.host));
    const isItsName = peer.device === undefined
      ? bindings.length > 0 || isServerAddress(uri) || directory.domain(uri.host) !== undefined
      : peer.device === uri.host;
    if (!isItsName) return undefined;
    const party = accountParty(peer, uri.host);
    return this.#toBindings(bindings, { isSecure, isTrusted: true, party }) ??
      refuse(480, noDevice(user, isSecure));
  }

  #toBindings(
    bindings: readonly Binding<BoundFlow>[],
    { isSecure, isTrusted, party }: { isSecure: boolean; isTrusted: boolean; party: DialogParty },
  ): Routing | undefined {
    const targets = bindings.filter((binding) => !isSecure || isSecureBinding(binding))
      .map((binding) => ({ ...bindingTarget(binding, isSecure), party }));
    return targets.length === 0 ? undefined : { kind: "targets", targets, isTrusted };
  }

  /** Who a number of ours rings. */
  #toDid(did: Did, isSecure: boolean): Routing {
    const callee = calleeOf(did.aorLink);
    const host = callee?.uri?.host;
    const agent = callee && host !== undefined ? this.#parts.directory.agent(callee.user, host) : undefined;
    const routing = agent && host !== undefined
      ? within(host, this.#toAgent(agent, host, isSecure))
      : callee && this.#toPeer({ ...callee, isSecure }) || refuse(404, `nobody is ${did.aorLink}`);
    return routing.kind === "targets" ? { ...routing, did } : routing;
  }

  /** A number that was dialled without a domain. */
  #toNumber({ user, isSecure }: Callee): Routing {
    const did = didOfUser(this.#parts.directory, user);
    return did ? this.#toDid(did, isSecure) : refuse(404, nobody(user));
  }

  #egress({ number, numberParameters, isSecure }: Callee, domain: string, method: string): Routing {
    const { directory } = this.#parts;
    const policy = directory.domain(domain)?.egressPolicy;
    const did = policy && directory.did(policy.didRef);
    const gateway = did && directory.gateway(did.gwRef);
    if (!gateway) return refuse(404, `${nobody(number)}, and ${domain} has no egressPolicy`);
    const global = this.#parts.hasGlobalNumbers ? globalNumber(number) ?? number : number;
    const rule = egressRule(policy.rule);
    if (!rule.matches(number) && (global === number || !rule.matches(global))) {
      return refuse(404, `${nobody(number)}, and the egressPolicy of ${domain} does not let it out`);
    }
    // A policy is for calls: anything else would use our credentials for what nobody has allowed.
    if (!LEAVES.has(method)) return refuse(403, `an egressPolicy lets out no ${method}`);
    const hop = hopToGateway(gateway);
    // `sips:` is for TLS all the way (RFC 5630 §5.3).
    if (isSecure && !hop.isSecure) return refuse(480, "the gateway is not reached by TLS");
    const port = hop.port === undefined ? "" : `:${hop.port}`;
    const dialled = escapeUser(global) + numberParameters;
    const mark = numberParameters === "" ? "" : ";user=phone";
    const target: Target = {
      requestUri: `${isSecure ? "sips" : "sip"}:${dialled}@${toUriHost(gateway.host)}${port}${mark}`,
      routes: [],
      flow: undefined,
      hop,
      party: { kind: "gateway", ref: gateway.ref },
      q: 1000,
    };
    return { kind: "egress", target, gateway, did };
  }

  /** The domain of ours that somebody is called in: the host, or the caller's own when the host is this server or none. */
  #domainOf({ uri }: Callee, caller: Caller): string | undefined {
    if (uri && this.#parts.directory.domain(uri.host)) return uri.host;
    const isHere = !uri || this.#parts.isServerAddress(uri);
    return isHere && (caller.kind === "agent" || caller.kind === "peer") ? caller.domain : undefined;
  }

  #isForeign({ uri }: Callee): boolean {
    return uri !== undefined && !this.#parts.isServerAddress(uri);
  }
}

/** @param uri `text` when it is a SIP URI and was parsed already */
function calleeOf(text: string, uri = SipUri.parse(text)): Callee | undefined {
  if (uri) {
    const isSecure = uri.secure;
    const subscriber = telephoneSubscriber(uri);
    if (!subscriber) return { user: uri.userText, number: uri.userText, numberParameters: "", uri, isSecure };
    const { number, parameters } = subscriber;
    const user = uri.parameter("user") === "phone" ? number : uri.userText;
    return { user, number, numberParameters: parameters, uri, isSecure };
  }
  const tel = TelUri.parse(text);
  if (!tel) return undefined;
  const numberParameters = escapeParameters(tel.parameters);
  return { user: tel.number, number: tel.number, numberParameters, uri: undefined, isSecure: false };
}

/** The URI in the first of these header fields that is there and has one. */
function addressInfoOf(request: SipRequest, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = request.headerNamed(name);
    if (value === undefined) continue;
    const uri = parseNameAddr(value, 0, value.length)?.uriText ?? value;
    if (calleeOf(uri)) return uri;
  }
  return undefined;
}

function by(gateway: Gateway, routing: Routing, domain: string | undefined): Routing {
  return routing.kind === "targets" ? { ...routing, gateway, domain } : routing;
}

function within(domain: string, routing: Routing): Routing {
  return routing.kind === "targets" ? { ...routing, domain } : routing;
}

function refuse(status: number, cause: string): Routing {
  return { kind: "refused", answer: { status, cause } };
}

function nobody(user: string): string {
  return `no agent, peer or DID has the name ${user}`;
}

function noDevice(user: string, isSecure: boolean): string {
  return `no device of ${user} is registered${isSecure ? " by TLS" : ""}`;
}

/** `sips:` goes to those only who registered a `sips:` Contact, and over TLS to the last hop (RFC 5630 §5.3). */
function isSecureBinding({ contact, flow }: Binding<BoundFlow>): boolean {
  // From node to node there is no TLS.
  return !(flow instanceof RemoteFlow) && isSecure(flow.protocol) && hasSecureScheme(contact);
}
