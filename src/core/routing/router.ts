/** The router: determines the target set of a request (§16.5). */
import type { Agent } from "../../data/agent.ts";
import { didOfUser, globalNumber } from "../../data/dialled_number.ts";
import type { Did } from "../../data/did.ts";
import type { Directory } from "../../data/directory.ts";
import { egressRule } from "../../data/egress_rule.ts";
import type { Gateway } from "../../data/gateway.ts";
import type { Binding } from "../../location/binding.ts";
import type { LocationService } from "../../location/location_service.ts";
import type { SipRequest } from "../../message/sip_message.ts";
import { addressOfRecord, escapeUser, hasSecureScheme, SipUri } from "../../message/sip_uri.ts";
import { toUriHost } from "../../runtime/ip/ip_address.ts";
import { isSecure } from "../../transport/transport.ts";
import type { Answer } from "../answer.ts";
import type { Caller } from "../authentication/caller.ts";
import type { BoundFlow } from "../flows/bound_flow.ts";
import { RemoteFlow } from "../flows/remote_flow.ts";
import { accountParty } from "../party.ts";
import type { Target } from "../proxy/target.ts";
import { PriorityTargets } from "../proxy/target_set.ts";
import { hopToGateway } from "../trunk/gateway_addresses.ts";
import { bindingTarget, type BoundCallee } from "./binding_target.ts";
import { addressInfoOf, type Callee, calleeOf } from "./callee.ts";
import { callerDomain } from "./caller_party.ts";
import { mayBeOwnEvent, refuseOwnEvents } from "./event_requests.ts";
import type { OwnUris } from "./own_uris.ts";
import type { RouteQuery, Routing, TargetRouting, Trace } from "./routing.ts";

/** The sources of its decisions. A router has no state of its own. */
export interface RouterParts {
  readonly directory: Directory;
  readonly location: Pick<LocationService<BoundFlow>, "lookup" | "atContact">;
  readonly ownUris: Pick<OwnUris, "isOurs" | "isServer">;
  /** `spec.interDomainCalls`: agents may call agents of domains they do not belong to. */
  readonly allowsInterDomainCalls: boolean;
  /** `spec.useToAsAOR`: To says who is called, not the Request-URI. */
  readonly usesTo: boolean;
  /** `spec.addressInfo`: header fields in which gateways name the number that was dialled. */
  readonly addressInfo: readonly string[];
  /** `spec.ex_convertTelToE164`: numbers leave in their global form. */
  readonly convertsToE164: boolean;
}

/** Methods that an egress policy lets out. */
const EGRESS_METHODS: ReadonlySet<string> = new Set(["INVITE", "MESSAGE"]);

/**
 * Methods that a gateway without its password may send to its DIDs; to agents it may send INVITE only. A datagram forges
 * its address easily, and a REFER or NOTIFY could make a phone dial or restart.
 */
const FROM_GATEWAYS: ReadonlySet<string> = new Set(["INVITE", "MESSAGE", "OPTIONS"]);

export class Router {
  readonly #parts: RouterParts;

  constructor(parts: RouterParts) {
    this.#parts = parts;
  }

  /** Decides where a request goes. Has no side effects; the decisions are added to `trace` in their order. */
  route(query: RouteQuery, trace?: Trace): Routing {
    const routing = this.#refusalOf(query) ?? this.#routingOf(query, trace);
    trace?.push(
      routing.kind === "refused"
        ? { rule: "answer", result: `${routing.answer.status} ${routing.answer.cause ?? ""}`.trim() }
        : { rule: "targets", result: routing.targets.known.map(({ requestUri }) => requestUri).join(", ") },
    );
    return routing;
  }

  /** Reports whether somebody may call a URI, whoever is there now. */
  mayCall(uri: SipUri, caller: Caller): boolean {
    const routing = this.#targetsFor(calleeOf(uri.text, uri), { caller, method: "INVITE" });
    return routing.kind !== "refused" || routing.answer.status === 480;
  }

  #refusalOf({ request, routed: { uri }, caller }: RouteQuery): Routing | undefined {
    const { directory, ownUris } = this.#parts;
    const answer = mayBeOwnEvent(request)
      ? refuseOwnEvents(request, { uri, caller, directory, isOurs: (uri) => ownUris.isOurs(uri) })
      : undefined;
    if (answer) return { kind: "refused", answer };
    // A maddr that names this server was taken off (§16.4); this one leads elsewhere (§16.5).
    return uri && uri.nextHost !== uri.host ? refuse(403, `maddr leads elsewhere: ${uri.text}`) : undefined;
  }

  #routingOf(query: RouteQuery, trace: Trace): Routing {
    const { request, routed, caller, isAuthenticated } = query;
    if (caller.kind === "gateway") {
      const routing = this.#ingress(request, routed.requestUri, caller.gateways, trace);
      if (routing.kind === "refused" || isAuthenticated || mayComeFromGateway(request.method, routing)) {
        return routing;
      }
      return refuse(403, `a gateway without its password sends no ${request.method} there`);
    }
    const { usesTo } = this.#parts;
    const callee = usesTo
      ? calleeOf(request.to.uriText, request.to.uri)
      : calleeOf(routed.requestUri, routed.uri);
    trace?.push({ rule: usesTo ? "To" : "Request-URI", result: callee ? `user ${callee.user}` : "nobody" });
    return this.#targetsFor(callee, { caller, method: request.method, trace });
  }

  #targetsFor(
    callee: Callee | undefined,
    { caller, method, trace }: { caller: Caller; method: string; trace?: Trace },
  ): Routing {
    const { directory, allowsInterDomainCalls } = this.#parts;
    // An emergency service, or another URI that names nobody here.
    if (!callee || callee.user === "") return refuse(404, "nobody here has such a URI");
    const domain = this.#domainOf(callee, caller);
    trace?.push({ rule: "domain", result: domain ?? "none of this server" });
    const agent = domain === undefined ? undefined : directory.agent(callee.user, domain);
    if (!agent) {
      const peer = this.#toPeer(callee, trace);
      if (peer) return peer;
    }
    if (domain === undefined) {
      const isElsewhere = callee.uri && !this.#parts.ownUris.isServer(callee.uri);
      return isElsewhere ? this.#toContact(callee, caller, trace) : this.#toNumber(callee, trace);
    }
    const isMember = caller.kind !== "agent" || caller.agent.domains.includes(domain);
    if (!isMember && !allowsInterDomainCalls) return refuse(403, "interDomainCalls is off");
    if (agent) return this.#toAgent(agent, { domain, isSecure: callee.isSecure }, trace);
    const inside = didOfUser(directory, callee.user);
    if (inside) return this.#toDid(inside, callee.isSecure, trace);
    return isMember && caller.kind !== "unauthenticated"
      ? this.#toGateway(callee, { domain, method }, trace)
      : refuse(404, nobody(callee.user));
  }

  /**
   * Calls a device by the Contact it has registered, as after an attended transfer (RFC 7118 §5.2: a Contact of a browser
   * leads nowhere else). Everybody who may call its agent may do so.
   */
  #toContact({ uri, isSecure }: Callee, caller: Caller, trace: Trace): Routing {
    const { location, directory, allowsInterDomainCalls } = this.#parts;
    const found = uri && location.atContact(uri);
    const aor = found && SipUri.parse(found.aor);
    const [user, domain] = [aor?.userText ?? "", aor?.host ?? ""];
    const agent = directory.agent(user, domain);
    if (!found || !agent) return refuse(403, "no domain or peer of this server");
    trace?.push({ rule: "registered Contact", result: `agent ${agent.username}` });
    const isMember = caller.kind !== "agent" || caller.agent.domains.includes(domain);
    if (!isMember && !allowsInterDomainCalls) return refuse(403, "interDomainCalls is off");
    const party = accountParty(agent, domain);
    return toBindings([found.binding], { isSecure, isTrusted: false, party }) ??
      refuse(480, noDevice(user, isSecure));
  }

  /** Takes a call from a gateway: for a number of its own, or for an agent by its address-of-record. */
  #ingress(request: SipRequest, requestUri: string, gateways: readonly Gateway[], trace: Trace): Routing {
    const { directory, usesTo, addressInfo } = this.#parts;
    const dialled = [requestUri, request.to.uriText];
    if (usesTo) dialled.reverse();
    for (const uri of [...dialled, addressInfoOf(request, addressInfo)]) {
      const callee = uri === undefined ? undefined : calleeOf(uri);
      const did = callee && didOfUser(directory, callee.user);
      const gateway = did && directory.gateway(did.gwRef);
      if (did && gateway && gateways.includes(gateway)) {
        trace?.push({ rule: "gateway", result: gateway.ref });
        // The access control list of the called domain is for callers without a DID of their own.
        return withIngress(gateway, this.#toDid(did, callee.isSecure, trace), undefined);
      }
    }
    const callee = calleeOf(dialled[0]);
    const host = callee?.uri?.host;
    const cause = "no agent, and no DID of the gateway it came from";
    if (!callee || host === undefined) return refuse(404, cause);
    const agent = directory.agent(callee.user, host);
    if (!agent) return refuse(404, cause);
    trace?.push({ rule: "gateway", result: gateways[0].ref });
    const routing = this.#toAgent(agent, { domain: host, isSecure: callee.isSecure }, trace);
    return withIngress(gateways[0], routing, host);
  }

  #toAgent(
    agent: Agent,
    { domain, isSecure }: { domain: string; isSecure: boolean },
    trace: Trace,
  ): Routing {
    trace?.push({ rule: "agent", result: agent.ref });
    // A device that has registered in one domain of its agent is reached in all of them.
    const { domains } = agent;
    let routing = this.#toAgentIn(domain, agent, isSecure);
    for (let i = 0; !routing && i < domains.length; i++) {
      routing = this.#toAgentIn(domains[i], agent, isSecure);
    }
    return routing ?? refuse(480, noDevice(agent.username, isSecure));
  }

  /** Returns undefined when the agent has no device in a domain. */
  #toAgentIn(domain: string, agent: Agent, isSecure: boolean): TargetRouting | undefined {
    const bindings = this.#parts.location.lookup(addressOfRecord(agent.username, domain));
    if (bindings.length === 0) return undefined;
    const targets = targetsOf(bindings, { isSecure, isTrusted: false, party: accountParty(agent, domain) });
    return targets.length === 0 ? undefined : toTargets(targets, agent.serialRingSeconds);
  }

  /** Returns undefined when no peer has this name. */
  #toPeer({ user, uri, isSecure }: Callee, trace: Trace): Routing | undefined {
    const { directory, location, ownUris } = this.#parts;
    const peer = uri && directory.peer(user);
    if (!peer) return undefined;
    const bindings = location.lookup(addressOfRecord(user, uri.host));
    const isItsName = peer.device === undefined
      ? bindings.length > 0 || ownUris.isServer(uri) || directory.domain(uri.host) !== undefined
      : peer.device === uri.host;
    if (!isItsName) return undefined;
    trace?.push({ rule: "peer", result: peer.ref });
    const party = accountParty(peer, uri.host);
    return toBindings(bindings, { isSecure, isTrusted: true, party }) ??
      refuse(480, noDevice(user, isSecure));
  }

  /** Rings the agent or peer that a number of ours is linked to. */
  #toDid(did: Did, isSecure: boolean, trace: Trace): Routing {
    trace?.push({ rule: "DID", result: `${did.ref}, aorLink ${did.aorLink}` });
    const callee = calleeOf(did.aorLink);
    const host = callee?.uri?.host;
    const agent = callee && host !== undefined ? this.#parts.directory.agent(callee.user, host) : undefined;
    const routing = agent && host !== undefined
      ? withAccessOf(host, this.#toAgent(agent, { domain: host, isSecure }, trace))
      : callee && this.#toPeer({ ...callee, isSecure }, trace) || refuse(404, `nobody is ${did.aorLink}`);
    return routing.kind === "targets" ? { ...routing, did } : routing;
  }

  /** Calls a number that was dialled without a domain. */
  #toNumber({ user, isSecure }: Callee, trace: Trace): Routing {
    const did = didOfUser(this.#parts.directory, user);
    return did ? this.#toDid(did, isSecure, trace) : refuse(404, nobody(user));
  }

  /** Lets a call out by the egress policy of a domain. */
  #toGateway(
    { number, numberParameters, isSecure }: Callee,
    { domain, method }: { domain: string; method: string },
    trace: Trace,
  ): Routing {
    const { directory } = this.#parts;
    const policy = directory.domain(domain)?.egressPolicy;
    const did = policy && directory.did(policy.didRef);
    const gateway = did && directory.gateway(did.gwRef);
    if (!gateway) return refuse(404, `${nobody(number)}, and ${domain} has no egressPolicy`);
    const global = this.#parts.convertsToE164 ? globalNumber(number) ?? number : number;
    const rule = egressRule(policy.rule);
    if (!rule.matches(number) && (global === number || !rule.matches(global))) {
      return refuse(404, `${nobody(number)}, and the egressPolicy of ${domain} does not let it out`);
    }
    trace?.push({ rule: `egressPolicy of ${domain}`, result: `gateway ${gateway.ref}, DID ${did.ref}` });
    // Other requests would use our credentials for what nobody has allowed.
    if (!EGRESS_METHODS.has(method)) return refuse(403, `an egressPolicy lets out no ${method}`);
    const hop = hopToGateway(gateway);
    // `sips:` is for TLS all the way (RFC 5630 §5.3).
    if (isSecure && !hop.isSecure) return refuse(480, "the gateway is not reached by TLS");
    const port = hop.port === undefined ? "" : `:${hop.port}`;
    const dialled = escapeUser(global) + numberParameters;
    const mark = numberParameters === "" ? "" : ";user=phone";
    return toTargets([{
      requestUri: `${isSecure ? "sips" : "sip"}:${dialled}@${toUriHost(gateway.host)}${port}${mark}`,
      routes: [],
      flow: undefined,
      hop,
      isTrusted: true,
      egress: { gateway, did },
      party: { kind: "gateway", ref: gateway.ref },
      q: 1000,
    }]);
  }

  /** Returns the domain of the callee: the host, or the caller's own when the host is this server or none. */
  #domainOf({ uri }: Callee, caller: Caller): string | undefined {
    if (uri && this.#parts.directory.domain(uri.host)) return uri.host;
    const isHere = !uri || this.#parts.ownUris.isServer(uri);
    return isHere ? callerDomain(caller) : undefined;
  }
}

/** Undefined when no binding is right for the request. */
function toBindings(bindings: readonly Binding<BoundFlow>[], callee: BoundCallee): TargetRouting | undefined {
  const targets = targetsOf(bindings, callee);
  return targets.length === 0 ? undefined : toTargets(targets);
}

function targetsOf(bindings: readonly Binding<BoundFlow>[], callee: BoundCallee): readonly Target[] {
  const right = callee.isSecure ? bindings.filter(isSecureBinding) : bindings;
  if (right.length === 1) return [bindingTarget(right[0], callee)];
  return right.map((binding) => bindingTarget(binding, callee));
}

/** `sips:` goes only to those that registered a `sips:` Contact, and over TLS to the last hop (RFC 5630 §5.3). */
function isSecureBinding({ contact, flow }: Binding<BoundFlow>): boolean {
  // From node to node there is no TLS.
  return !(flow instanceof RemoteFlow) && isSecure(flow.protocol) && hasSecureScheme(contact);
}

function mayComeFromGateway(method: string, { did }: TargetRouting): boolean {
  return method === "INVITE" || did !== undefined && FROM_GATEWAYS.has(method);
}

function toTargets(targets: readonly Target[], serialRingSeconds?: number): TargetRouting {
  return { kind: "targets", targets: new PriorityTargets(targets), serialRingSeconds };
}

function withIngress(gateway: Gateway, routing: Routing, domain: string | undefined): Routing {
  return routing.kind === "targets" ? { ...routing, ingress: gateway, accessDomain: domain } : routing;
}

function withAccessOf(domain: string, routing: Routing): Routing {
  return routing.kind === "targets" ? { ...routing, accessDomain: domain } : routing;
}

function refuse(status: number, cause: string): { kind: "refused"; answer: Answer } {
  return { kind: "refused", answer: { status, cause } };
}

function nobody(user: string): string {
  return `no agent, peer or DID has the name ${user}`;
}

function noDevice(user: string, isSecure: boolean): string {
  return `no device of ${user} is registered${isSecure ? " by TLS" : ""}`;
}
