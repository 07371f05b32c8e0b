/** Who is calling, and may they (design: no open relay). */
import type { Agent } from "../../data/agent.ts";
import type { Directory } from "../../data/directory.ts";
import type { Gateway } from "../../data/gateway.ts";
import type { Peer } from "../../data/peer.ts";
import { parseDigestCredentials } from "../../message/digest.ts";
import { Header } from "../../message/header_name.ts";
import type { SipRequest } from "../../message/sip_message.ts";
import type { SipUri } from "../../message/sip_uri.ts";
import type { Flow } from "../../transport/transport.ts";
import type { Answer } from "../answer.ts";
import type { Account, DigestAuthenticator } from "./digest_authenticator.ts";

/** Somebody who may send a request outside of a dialog. */
export type Caller =
  | { readonly kind: "agent"; readonly agent: Agent; readonly domain: string }
  /** `domain`: that of the agent it speaks for, if From names a domain of ours. */
  | { readonly kind: "peer"; readonly peer: Peer; readonly domain: string | undefined }
  /** Those of our gateways that the request may have come from. */
  | { readonly kind: "gateway"; readonly gateways: readonly Gateway[] }
  | { readonly kind: "stranger" };

/** A caller with the header row that proved who it is (-1 for none), or what to answer. */
export type Identification =
  | { readonly kind: "identified"; readonly caller: Caller; readonly credentialsRow: number }
  | { readonly kind: "refused"; readonly answer: Answer };

/** Finds gateways by where requests come from, and by name. */
export interface GatewayFinder {
  /** The gateways at the far end of a flow. */
  at(flow: Flow): readonly Gateway[];
  /** The gateways with this host, as URIs have it. */
  named(host: string): readonly Gateway[];
}

/** What callers are told apart by. */
export interface CallerIdentificationParts {
  readonly directory: Directory;
  readonly authenticator: DigestAuthenticator;
  /** `spec.allowUnauthenticatedCalls`: nobody is asked for a password, as with the predecessor. */
  readonly allowsStrangers: boolean;
  /** Whether a URI names this server by address. */
  isServerAddress(uri: SipUri): boolean;
  /** The host of ours that the far end of a flow knows us by. */
  hostFacing(flow: Flow): string;
  readonly gateways: GatewayFinder;
  /** Whether a peer has registered from an address. */
  isPeerAddress(address: string): boolean;
}

/** A gateway's account, for requests that prove to be from it by digest. */
interface GatewayAccount extends Account {
  readonly kind: "Gateway";
  readonly gateway: Gateway;
}

/**
 * Tells who sent a request outside of a dialog. A From in one of our domains is challenged whether the user exists or
 * not, so that nobody learns which users do.
 */
export class CallerIdentification {
  readonly #parts: CallerIdentificationParts;
  /** Made once for each, as what is known of an account is kept by its object. */
  readonly #gatewayAccounts = new WeakMap<Gateway, GatewayAccount>();

  constructor(parts: CallerIdentificationParts) {
    this.#parts = parts;
  }

  identify(request: SipRequest, flow: Flow): Identification {
    const { directory, allowsStrangers } = this.#parts;
    if (this.isFromGateway(request, flow)) {
      return identified({ kind: "gateway", gateways: this.#parts.gateways.at(flow) }, -1);
    }
    const from = request.from.uri;
    const domain = from && directory.domain(from.host) ? from.host : undefined;
    const isOurs = domain !== undefined || from !== undefined && this.#isHomeOfPeers(from);
    if (allowsStrangers) return identified(this.#claimed(from), -1);
    if (isOurs && from) return this.#authenticate(request, { from, flow, domain });
    return this.#authenticateForeign(request, from, flow);
  }

  /** Whether callers are asked for a password in this realm: a domain, the device of a peer, the host of a gateway. */
  ownsRealm(realm: string): boolean {
    const { directory, gateways } = this.#parts;
    const host = realm.toLowerCase();
    return directory.domain(host) !== undefined || gateways.named(host).length > 0 ||
      directory.isDevice(host);
  }

  /** Whether it comes from a gateway by its address. Providers may name callers at our own domain, but not those who are there. */
  isFromGateway(request: SipRequest, flow: Flow): boolean {
    if (this.#parts.gateways.at(flow).length === 0 || this.#isSignedByPeer(request)) {
      return false;
    }
    const { directory } = this.#parts;
    const { uri } = request.from;
    return uri === undefined || !directory.agent(uri.userText, uri.host) && !this.#isNameOfPeer(uri);
  }

  /** Who names itself as one of ours. Peers are believed whom they speak for, agents speak for themselves. */
  #authenticate(
    request: SipRequest,
    { from, flow, domain }: { from: SipUri; flow: Flow; domain: string | undefined },
  ): Identification {
    const { directory, authenticator } = this.#parts;
    const find = (name: string) =>
      (domain === undefined ? undefined : directory.agent(name, domain)) ?? directory.peer(name);
    const result = authenticator.authenticate(request, { status: 407, realm: from.host, flow }, find);
    if (result.kind === "refused") return result;
    const { account, row } = result;
    if (account.kind === "Peer") return identified({ kind: "peer", peer: account, domain }, row);
    if (account.username !== from.userText) return NOT_YOURS;
    return identified({ kind: "agent", agent: account, domain: domain! }, row);
  }

  /** Who names itself as nobody of ours: a peer with calls of others, an anonymous agent, a gateway that knows its password. */
  #authenticateForeign(request: SipRequest, from: SipUri | undefined, flow: Flow): Identification {
    const { directory, authenticator } = this.#parts;
    const challenge = (realm: string) => ({ status: 407, realm, flow }) as const;
    const host = request.uri?.host;
    const domain = host !== undefined && directory.domain(host) ? host : undefined;
    if (from?.host === "anonymous.invalid" && domain !== undefined) {
      const find = (name: string) => directory.agent(name, domain) ?? directory.peer(name);
      const result = authenticator.authenticate(request, challenge(domain), find);
      if (result.kind === "refused") return result;
      const { account, row } = result;
      return account.kind === "Peer"
        ? identified({ kind: "peer", peer: account, domain: undefined }, row)
        : identified({ kind: "agent", agent: account, domain }, row);
    }
    const isHere = host !== undefined && this.#parts.isServerAddress(request.uri!);
    const realm = domain ?? (isHere ? host : this.#parts.hostFacing(flow));
    const isFromGateway = from !== undefined && this.#isHomeOfGateway(from);
    // Whoever signs is asked, whatever the name: nobody learns which names peers have.
    if (
      this.#parts.isPeerAddress(flow.remoteAddress) || isSigned(request, isFromGateway ? realm : undefined)
    ) {
      const find = (name: string) =>
        (domain === undefined ? undefined : directory.agent(name, domain)) ?? directory.peer(name);
      const result = authenticator.authenticate(request, challenge(realm), find);
      if (result.kind === "refused") return result;
      const { account, row } = result;
      if (account.kind === "Agent") return NOT_YOURS;
      return identified({ kind: "peer", peer: account, domain: undefined }, row);
    }
    if (isFromGateway) {
      const find = (name: string) => this.#gatewayAccount(name, from.host);
      const result = authenticator.authenticate(request, challenge(from.host), find);
      if (result.kind === "refused") return result;
      return identified({ kind: "gateway", gateways: [result.account.gateway] }, result.row);
    }
    return STRANGER;
  }

  /** Who the sender says it is, believed without proof. */
  #claimed(from: SipUri | undefined): Caller {
    const agent = from && this.#parts.directory.agent(from.userText, from.host);
    if (from && agent) return { kind: "agent", agent, domain: from.host };
    const peer = from && this.#isHomeOfPeers(from) ? this.#parts.directory.peer(from.userText) : undefined;
    return peer ? { kind: "peer", peer, domain: undefined } : { kind: "stranger" };
  }

  /** Peers are known by their device, by the address of this server, or by any of our domains. */
  #isNameOfPeer(from: SipUri): boolean {
    const { directory } = this.#parts;
    return directory.peer(from.userText) !== undefined &&
      (this.#isHomeOfPeers(from) || directory.domain(from.host) !== undefined);
  }

  /** Whether callers at this host are asked for a password, whatever their name: the device of a peer, or this server. */
  #isHomeOfPeers(from: SipUri): boolean {
    return this.#parts.directory.isDevice(from.host) || this.#parts.isServerAddress(from);
  }

  #isSignedByPeer(request: SipRequest): boolean {
    return request.rowValues(Header.ProxyAuthorization).some((value) => {
      const username = parseDigestCredentials(value)?.username;
      return username !== undefined && this.#parts.directory.peer(username) !== undefined;
    });
  }

  #isHomeOfGateway({ host }: SipUri): boolean {
    return this.#parts.gateways.named(host).some(({ credentials }) => credentials !== undefined);
  }

  #gatewayAccount(username: string, host: string): GatewayAccount | undefined {
    const gateway = this.#parts.gateways.named(host).find(({ credentials }) =>
      credentials?.username === username
    );
    if (!gateway?.credentials) return undefined;
    let account = this.#gatewayAccounts.get(gateway);
    if (!account) {
      account = { kind: "Gateway", gateway, ...gateway.credentials };
      this.#gatewayAccounts.set(gateway, account);
    }
    return account;
  }
}

/** Whether a request has credentials, of one realm where it is given. */
function isSigned(request: SipRequest, realm: string | undefined): boolean {
  return realm === undefined
    ? request.has(Header.ProxyAuthorization)
    : request.rowValues(Header.ProxyAuthorization).some((row) =>
      parseDigestCredentials(row)?.realm === realm
    );
}

function identified(caller: Caller, credentialsRow: number): Identification {
  return { kind: "identified", caller, credentialsRow };
}

const NOT_YOURS: Identification = {
  kind: "refused",
  answer: { status: 403, reason: "From Is Not Your Address-Of-Record" },
};

const STRANGER: Identification = {
  kind: "refused",
  answer: {
    status: 403,
    cause: "From names no domain, peer or gateway of this server, and the address is unknown",
  },
};
