/** The registrar (§10.3). */
import type { Agent } from "../../data/agent.ts";
import type { Peer } from "../../data/peer.ts";
import type { Directory } from "../../data/directory.ts";
import type { Binding } from "../../location/binding.ts";
import type { LocationService } from "../../location/location_service.ts";
import { Header } from "../../message/header_name.ts";
import { parseNameAddrList } from "../../message/name_addr.ts";
import type { SipRequest } from "../../message/sip_message.ts";
import { partsOfAddress, type SipUri } from "../../message/sip_uri.ts";
import { logger, logging } from "../../runtime/log.ts";
import type { Clock } from "../../runtime/clock.ts";
import { detachText } from "../../runtime/text.ts";
import { randomToken } from "../../runtime/random.ts";
import type { Counter, Metrics } from "../../runtime/metrics.ts";
import type { Flow } from "../../transport/transport.ts";
import type { AccountMacs } from "../authentication/account_macs.ts";
import type { DigestAuthenticator } from "../authentication/digest_authenticator.ts";
import { listeningPort, namesFlow } from "../flows/flow_uri.ts";
import type { Answer } from "../answer.ts";
import type { BoundFlow } from "../flows/bound_flow.ts";
import { type ContactFlows, passedNat } from "../flows/contact_flows.ts";
import {
  readRegistration,
  type Registration,
  type RegistrationLimits,
  type RequestedContact,
} from "./registration.ts";
import { refuseExtensions } from "../uas_core.ts";
import { addressesOfRecord, contactAddrOf, contactAt, isSameBinding } from "./contact_binding.ts";
import { RegistrationAnswers } from "./registration_answer.ts";

export interface RegistrarParts {
  readonly clock: Clock;
  readonly directory: Directory;
  readonly location: LocationService<BoundFlow>;
  readonly authenticator: DigestAuthenticator;
  readonly metrics: Metrics;
  readonly limits: RegistrationLimits;
  /** The name in Server (`metadata.userAgent`). */
  readonly userAgent: string;
  /**
   * Bindings of an address-of-record, unless its account says otherwise; the oldest make room. A REGISTER with more Contacts
   * is rejected.
   */
  readonly maxContacts: number;
  /** Reports whether a URI names this server by an address, or by a name that leads here. */
  isServer(uri: SipUri): boolean;
  /** MACs stored with bindings; undefined where bindings are not stored. */
  readonly accountMacs: AccountMacs | undefined;
  /** Called when a peer has registered from an address: other callers there are asked for its password. */
  onPeerAddress(address: string, lifetimeMs: number): void;
  readonly contactFlows: ContactFlows;
  /** `spec.registrarIntf: Internal`: the source of a REGISTER replaces the address of its Contact. */
  readonly usesSourceAddress: boolean;
}

const log = logger("registrar");

/** Bindings of an address-of-record, whatever the configuration says: all must fit into one response. */
const MAX_BINDINGS = 64;
/** UTF-16 units of all Path values of a REGISTER. */
const MAX_PATH_LENGTH = 2048;

export class Registrar {
  #parts: RegistrarParts;
  readonly #registrations: Counter;
  readonly #answers: RegistrationAnswers;

  constructor(parts: RegistrarParts) {
    this.#parts = parts;
    this.#answers = new RegistrationAnswers(parts.clock, parts.userAgent);
    this.#registrations = parts.metrics.counter(
      "routr_registrations_total",
      "REGISTER requests answered 200",
    );
  }

  /** Handles a REGISTER (§10.3). Comments number the steps as the RFC does; contacts are checked before any is bound. */
  register(request: SipRequest, flow: Flow): Answer {
    const extension = refuseExtensions(request, Header.Require); // 2
    if (extension) return extension;
    const { directory, authenticator } = this.#parts;
    const to = request.to.uri;
    if (!to) return { status: 400, reason: "To Is Not A SIP URI" };
    if (!this.#serves(to)) return { status: 404, reason: "Domain Is Not Served Here", cause: to.host }; // 1
    const challenge = { status: 401, realm: to.host, flow } as const;
    const authentication = authenticator.authenticate(
      request,
      challenge,
      (name) => directory.agent(name, to.host) ?? directory.peer(name),
    ); // 3
    if (authentication.kind === "refused") return authentication.answer;
    const { account } = authentication;
    if (to.userText !== account.username) return { status: 403, reason: "Not Your Address-Of-Record" }; // 4
    const registration = readRegistration(request, this.#parts.limits); // 6, 7
    if ("status" in registration) return registration;
    const fault = request.has(Header.Path) ? refusePath(request.rowValues(Header.Path)) : undefined;
    if (fault) return fault;
    const registering: Registering = { request, flow, account, registration };
    return this.#update(addressesOfRecord(account, to.host, flow.remoteAddress), registering); // 5
  }

  /**
   * Reports whether a REGISTER is for this server though its host is neither a domain nor an address of it: peers register
   * at their device, or at any name they have for this server.
   */
  isForPeer(host: string, to: SipUri | undefined): boolean {
    const { directory } = this.#parts;
    return directory.isDevice(host) || to !== undefined && directory.peer(to.userText) !== undefined;
  }

  setLimits(limits: Pick<RegistrarParts, "limits" | "maxContacts">): void {
    this.#parts = { ...this.#parts, ...limits };
  }

  /**
   * Binds an address-of-record to a Contact that no device has registered. Throws a TypeError when no agent or peer has the
   * address-of-record, or it has too many bindings.
   */
  bind(aor: string, { contact, expires, flow }: AdministratorBinding): void {
    const { location, clock } = this.#parts;
    const account = this.#accountOf(aor);
    if (account === undefined) throw new TypeError(`No agent or peer has ${aor}`);
    const others = location.lookup(aor).filter((binding) => binding.contact !== contact);
    if (others.length >= MAX_BINDINGS) throw new TypeError(`${aor} has ${MAX_BINDINGS} bindings already`);
    const now = clock.now();
    const binding = {
      contact,
      q: 1000,
      expiresAt: now + expires * 1000,
      updatedAt: now,
      callId: randomToken(),
      cseq: 1,
      instance: "",
      regId: 0,
      path: "",
      flow,
      listeningPort: 0,
      accountMac: this.#macOf(account),
      goesToContact: false,
      isBehindNat: false,
    };
    location.replace(aor, [...others, binding]);
    log.info("{aor} was bound to {contact} for {expires} s", { aor, contact, expires });
  }

  /** Returns how many devices an account may register. */
  maxContactsOf({ maxContacts = this.#parts.maxContacts }: Agent | Peer): number {
    return Math.min(maxContacts, MAX_BINDINGS);
  }

  /** Reports whether a stored binding is still valid: its account exists with the same credentials. */
  accepts(aor: string, { accountMac }: Binding<BoundFlow>): boolean {
    const account = this.#accountOf(aor);
    return account !== undefined && accountMac === this.#macOf(account);
  }

  /** Takes notice of bindings that were stored, or made at another node. */
  onAdopted(aor: string, bindings: readonly Binding<BoundFlow>[]): void {
    if (this.#accountOf(aor)?.kind !== "Peer") return;
    const now = this.#parts.clock.now();
    for (const { flow, expiresAt } of bindings) {
      this.#parts.onPeerAddress(flow.remoteAddress, expiresAt - now);
    }
  }

  #accountOf(aor: string): Agent | Peer | undefined {
    const { username, host } = partsOfAddress(aor);
    return this.#parts.directory.agent(username, host) ?? this.#parts.directory.peer(username);
  }

  #macOf(account: Agent | Peer): string | undefined {
    return this.#parts.accountMacs?.of(account);
  }

  /** Reports whether To is served: a domain, the address of this server, or what `isForPeer` allows. */
  #serves(to: SipUri): boolean {
    const { directory, isServer } = this.#parts;
    return directory.domain(to.host) !== undefined || isServer(to) || this.isForPeer(to.host, to);
  }

  #noteAddress({ registration, flow }: Registering): void {
    if (registration.kind === "removeAll") return;
    const expires = Math.max(0, ...registration.contacts.map((contact) => contact.expires));
    if (expires > 0) this.#parts.onPeerAddress(flow.remoteAddress, expires * 1000);
  }

  /** Steps 6 to 8: works out all new bindings, and only then puts them in place of the old ones. */
  #update(addressesOfRecord: readonly string[], registering: Registering): Answer {
    let updates: readonly Update[] = [];
    for (const aor of addressesOfRecord) {
      const update = this.#updateOf(aor, registering);
      if ("status" in update) return update;
      updates = updates.length === 0 ? [update] : [...updates, update];
    }
    for (const update of updates) this.#apply(update, registering);
    if (registering.account.kind === "Peer") this.#noteAddress(registering);
    this.#registrations.value++;
    return this.#answers.accept(registering.request, registering.registration, updates[0].bindings);
  }

  /** Works out the new bindings of one address-of-record, or says why they are refused. */
  #updateOf(aor: string, registering: Registering): Update | Answer {
    const { request, registration } = registering;
    const current = this.#parts.location.lookup(aor);
    if (registration.kind === "removeAll") {
      const isOutOfOrder = current.some((binding) => isOlder(request, binding));
      return isOutOfOrder ? OUT_OF_ORDER : { aor, current, bindings: [], areTooMany: false };
    }
    const limit = this.maxContactsOf(registering.account);
    let added = 0;
    for (const { expires } of registration.contacts) if (expires > 0) added++;
    if (added > limit) return { status: 403, reason: "Too Many Contacts" };
    let bindings = current;
    for (const contact of registration.contacts) {
      const uri = this.#boundUri(contact, registering);
      const known = bindingOf(bindings, uri, contact);
      // The last one of equal Contacts in one REGISTER counts.
      if (known && isOlder(request, known) && current.includes(known)) return OUT_OF_ORDER;
      const bound = contact.expires > 0 ? this.#bind(contact, registering, { uri, known }) : undefined;
      bindings = withBinding(bindings, known, bound);
    }
    const areTooMany = bindings.length > limit;
    if (areTooMany) {
      bindings = bindings.toReversed().sort((a, b) => b.updatedAt - a.updatedAt).slice(0, limit);
    }
    return { aor, current, bindings, areTooMany };
  }

  #apply({ aor, current, bindings, areTooMany }: Update, registering: Registering): void {
    const { registration } = registering;
    const isQuery = registration.kind === "update" && registration.contacts.length === 0;
    if (isQuery) return;
    this.#parts.location.replace(aor, bindings, areTooMany ? "evicted" : "unregistered");
    if (registration.kind === "removeAll") log.info("{aor} removed all its bindings", { aor });
    else this.#log(aor, registering, current.length);
  }

  #bind(
    contact: RequestedContact,
    registering: Registering,
    { uri, known }: { uri: SipUri; known: Binding<BoundFlow> | undefined },
  ): Binding<BoundFlow> {
    const { request, flow, account } = registering;
    const now = this.#parts.clock.now();
    const deviceFlow = this.#flowTo(uri, contact, registering);
    return {
      contact: known?.contact === uri.text ? known.contact : detachText(uri.text),
      q: contact.q,
      expiresAt: now + contact.expires * 1000,
      updatedAt: now,
      callId: known?.callId === request.callId ? known.callId : detachText(request.callId),
      cseq: request.cseq,
      instance: known?.instance === contact.instance ? known.instance : detachText(contact.instance),
      regId: contact.regId,
      path: request.has(Header.Path) ? detachText(request.rowValues(Header.Path).join(", ")) : "",
      flow: deviceFlow ?? flow,
      listeningPort: contact.regId > 0 ? 0 : listeningPort(uri, flow),
      accountMac: this.#macOf(account),
      goesToContact: deviceFlow === undefined,
      isBehindNat: passedNat(request, flow),
    };
  }

  /** Returns the flow to a device; undefined when requests go to the next hop in its Contact. */
  #flowTo(
    uri: SipUri,
    { regId }: RequestedContact,
    { request, flow, account }: Registering,
  ): Flow | undefined {
    const { contactFlows, usesSourceAddress } = this.#parts;
    if (contactAddrOf(account) !== undefined) return undefined;
    const isByFlow = usesSourceAddress || regId > 0 || request.has(Header.Path);
    return isByFlow ? flow : contactFlows.ofRegistration(uri, request, flow);
  }

  /** Returns the URI to bind: the Contact, at the `contactAddr` of a peer, or at the source (`registrarIntf: Internal`). */
  #boundUri({ uri }: RequestedContact, { flow, account }: Registering): SipUri {
    const contactAddr = contactAddrOf(account);
    if (contactAddr !== undefined) return contactAt(uri, contactAddr);
    if (!this.#parts.usesSourceAddress || namesFlow(uri, flow)) return uri;
    return contactAt(uri, `${flow.remoteAddress}:${flow.remotePort}`);
  }

  #log(aor: string, { registration, flow }: Registering, before: number): void {
    if (registration.kind !== "update") return;
    for (const { uri, expires } of registration.contacts) {
      const isNews = expires === 0 || before === 0;
      if (!isNews && !logging.debug) continue;
      const message = expires === 0
        ? "{aor} unregistered {contact} from {source}"
        : "{aor} registered {contact} for {expires} s from {source}";
      log.info(message, {
        aor,
        contact: uri.text,
        expires,
        source: `${flow.protocol} ${flow.remoteAddress}:${flow.remotePort}`,
      });
    }
  }
}

function bindingOf(
  bindings: readonly Binding<BoundFlow>[],
  uri: SipUri,
  contact: RequestedContact,
): Binding<BoundFlow> | undefined {
  for (const binding of bindings) if (isSameBinding(binding, uri, contact)) return binding;
  return undefined;
}

/** Returns bindings without the one that is `replaced`, and with another at their end. */
function withBinding(
  bindings: readonly Binding<BoundFlow>[],
  replaced: Binding<BoundFlow> | undefined,
  added: Binding<BoundFlow> | undefined,
): readonly Binding<BoundFlow>[] {
  // The usual case: a device refreshes its only binding.
  if (added && (bindings.length === 0 || bindings.length === 1 && bindings[0] === replaced)) return [added];
  const others = replaced ? bindings.filter((binding) => binding !== replaced) : bindings;
  return added ? [...others, added] : others;
}

const OUT_OF_ORDER: Answer = { status: 400, reason: "CSeq Is Out Of Order" };

/** Reports whether a REGISTER was sent before the last one for a binding (§10.3 step 7). */
function isOlder(request: SipRequest, { callId, cseq }: Binding<BoundFlow>): boolean {
  return cseq >= request.cseq && callId === request.callId;
}

/** Checks the values of Path, which become Routes (RFC 3327 §4). */
function refusePath(path: readonly string[]): Answer | undefined {
  if (path.join(", ").length > MAX_PATH_LENGTH) return { status: 403, reason: "Path Is Too Long" };
  const areRoutes = path.every((row) => parseNameAddrList(row)?.every(({ uri }) => uri));
  return areRoutes ? undefined : { status: 400, reason: "Path Is Malformed" };
}

/** A binding by an administrator. */
export interface AdministratorBinding {
  readonly contact: string;
  /** Seconds. */
  readonly expires: number;
  readonly flow: Flow;
}

/** The new bindings of one address-of-record. */
interface Update {
  readonly aor: string;
  readonly current: readonly Binding<BoundFlow>[];
  readonly bindings: readonly Binding<BoundFlow>[];
  /** True when the oldest bindings had to make room. */
  readonly areTooMany: boolean;
}

interface Registering {
  readonly request: SipRequest;
  readonly flow: Flow;
  readonly account: Agent | Peer;
  readonly registration: Registration;
}
