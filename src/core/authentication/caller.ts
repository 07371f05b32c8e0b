/** Identifies callers: senders of requests outside of a dialog, who need an account or the address of a gateway. */
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
import type { Challenge } from "./challenges.ts";
import type { CredentialHolder, DigestAuthenticator } from "./digest_authenticator.ts";

/** The sender of a request outside of a dialog. */
export type Caller =
  | { readonly kind: "agent"; readonly agent: Agent; readonly domain: string }
  /** `domain` is the host of From, if that is a domain served here. */
  | { readonly kind: "peer"; readonly peer: Peer; readonly domain: string | undefined }
  /** `gateways` are all that the request may have come from. */
  | { readonly kind: "gateway"; readonly gateways: readonly Gateway[] }
  | { readonly kind: "unauthenticated" };

/** A caller with the header row of its credentials (-1 for none), or an answer that refuses the request. */
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

export interface CallerIdentificationParts {
  readonly directory: Directory;
  readonly authenticator: DigestAuthenticator;
  /** `spec.allowUnauthenticatedCalls`: no caller is challenged, and From is believed. */
  readonly allowsUnauthenticated: boolean;
  /** Reports whether a URI names this server by an address, or by a name that leads here. */
  isServer(uri: SipUri): boolean;
  /** Returns the host by which the far end of a flow knows this server. */
  hostFacing(flow: Flow): string;
  readonly gateways: GatewayFinder;
  /** Reports whether a peer has registered from an address. */
  isPeerAddress(address: string): boolean;
}

/** The account by which a gateway authenticates its requests here. */
interface GatewayAccount extends CredentialHolder {
  readonly kind: "Gateway";
  readonly gateway: Gateway;
}

/** A challenge for an agent or a peer. */
interface AccountChallenge extends Challenge {
  /** The domain whose agents may answer. */
  readonly domain: string | undefined;
  /** The domain that a peer speaks for. */
  readonly peerDomain?: string | undefined;
  /** Which agents may be the sender: any one, the agent that From names, or no agent. */
  readonly agents: "any" | "inFrom" | "none";
}

/**
 * Identifies the sender of a request outside of a dialog. A From in a domain served here is challenged whether the user
 * exists or not, so that answers do not tell which users exist.
 */
export class CallerIdentification {
  readonly #parts: CallerIdentificationParts;
  /** One object for each gateway, because the authenticator remembers hashes by account object. */
  readonly #gatewayAccounts = new WeakMap<Gateway, GatewayAccount>();

  readonly #findAccount = (name: string, { domain }: AccountChallenge): Agent | Peer | undefined =>
    (domain === undefined ? undefined : this.#parts.directory.agent(name, domain)) ??
      this.#parts.directory.peer(name);
  readonly #findGatewayAccount = (name: string, { realm }: Challenge): GatewayAccount | undefined =>
    this.#gatewayAccount(name, realm);

  constructor(parts: CallerIdentificationParts) {
    this.#parts = parts;
  }

  identify(request: SipRequest, flow: Flow): Identification {
    const { directory, allowsUnauthenticated } = this.#parts;
    if (this.isFromGateway(request, flow)) {
      return identified({ kind: "gateway", gateways: this.#parts.gateways.at(flow) }, -1);
    }
    const from = request.from.uri;
    const domain = from && directory.domain(from.host) ? from.host : undefined;
    const isOurs = domain !== undefined || from !== undefined && this.#isHomeOfPeers(from);
    if (allowsUnauthenticated) return identified(this.#claimed(from), -1);
    if (!isOurs || !from) return this.#authenticateForeign(request, from, flow);
    return this.#authenticate(request, {
      status: 407,
      realm: from.host,
      flow,
      domain,
      peerDomain: domain,
      agents: "inFrom",
    });
  }

  /** Reports whether callers are challenged in a realm: a domain, the device of a peer, or the host of a gateway. */
  ownsRealm(realm: string): boolean {
    const { directory, gateways } = this.#parts;
    const host = realm.toLowerCase();
    return directory.domain(host) !== undefined || gateways.named(host).length > 0 ||
      directory.isDevice(host);
  }

  /**
   * Reports whether a request comes from the address of a gateway. Its From may name a domain served here, but neither
   * an agent nor a peer.
   */
  isFromGateway(request: SipRequest, flow: Flow): boolean {
    if (this.#parts.gateways.at(flow).length === 0 || this.#hasCredentialsOfPeer(request)) {
      return false;
    }
    const { directory } = this.#parts;
    const { uri } = request.from;
    return uri === undefined || !directory.agent(uri.userText, uri.host) && !this.#isNameOfPeer(uri);
  }

  /** Identifies a sender with a foreign From: an anonymous agent, a peer that passes calls on, or a gateway with a password. */
  #authenticateForeign(request: SipRequest, from: SipUri | undefined, flow: Flow): Identification {
    const { directory } = this.#parts;
    const host = request.uri?.host;
    const domain = host !== undefined && directory.domain(host) ? host : undefined;
    if (from?.host === "anonymous.invalid" && domain !== undefined) {
      return this.#authenticate(request, { status: 407, realm: domain, flow, domain, agents: "any" });
    }
    const isHere = host !== undefined && this.#parts.isServer(request.uri!);
    const realm = domain ?? (isHere ? host : this.#parts.hostFacing(flow));
    const isFromGateway = from !== undefined && this.#isHomeOfGateway(from);
    // Credentials are checked whatever their username, so that answers do not tell which names peers have.
    if (
      this.#parts.isPeerAddress(flow.remoteAddress) ||
      hasCredentials(request, isFromGateway ? realm : undefined)
    ) {
      return this.#authenticate(request, { status: 407, realm, flow, domain, agents: "none" });
    }
    return isFromGateway ? this.#authenticateGateway(request, from.host, flow) : UNKNOWN_SENDER;
  }

  /** Authenticates an agent of a domain, which may have to be in From, or a peer, which speaks for any user. */
  #authenticate(request: SipRequest, challenge: AccountChallenge): Identification {
    const result = this.#parts.authenticator.authenticate(request, challenge, this.#findAccount);
    if (result.kind === "refused") return result;
    const { domain, peerDomain, agents } = challenge;
    const { account, row } = result;
    if (account.kind === "Peer") return identified({ kind: "peer", peer: account, domain: peerDomain }, row);
    const maySend = agents === "any" ||
      agents === "inFrom" && account.username === request.from.uri?.userText;
    return maySend ? identified({ kind: "agent", agent: account, domain: domain! }, row) : FROM_MISMATCH;
  }

  #authenticateGateway(request: SipRequest, host: string, flow: Flow): Identification {
    const challenge = { status: 407, realm: host, flow } as const;
    const result = this.#parts.authenticator.authenticate(request, challenge, this.#findGatewayAccount);
    if (result.kind === "refused") return result;
    return identified({ kind: "gateway", gateways: [result.account.gateway] }, result.row);
  }

  /** Returns the caller that From names, without authentication. */
  #claimed(from: SipUri | undefined): Caller {
    const agent = from && this.#parts.directory.agent(from.userText, from.host);
    if (from && agent) return { kind: "agent", agent, domain: from.host };
    const peer = from && this.#isHomeOfPeers(from) ? this.#parts.directory.peer(from.userText) : undefined;
    return peer ? { kind: "peer", peer, domain: undefined } : { kind: "unauthenticated" };
  }

  /** Reports whether From names a peer: at its device, at the address of this server, or in a domain served here. */
  #isNameOfPeer(from: SipUri): boolean {
    const { directory } = this.#parts;
    return directory.peer(from.userText) !== undefined &&
      (this.#isHomeOfPeers(from) || directory.domain(from.host) !== undefined);
  }

  /** Reports whether a host is the device of a peer, or this server: callers there are challenged, whatever their name. */
  #isHomeOfPeers(from: SipUri): boolean {
    return this.#parts.directory.isDevice(from.host) || this.#parts.isServer(from);
  }

  #hasCredentialsOfPeer(request: SipRequest): boolean {
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

/** Reports whether a request has credentials for a realm; for any, if it is undefined. */
function hasCredentials(request: SipRequest, realm: string | undefined): boolean {
  return request.rowValues(Header.ProxyAuthorization)
    .some((row) => realm === undefined || parseDigestCredentials(row)?.realm === realm);
}

function identified(caller: Caller, credentialsRow: number): Identification {
  return { kind: "identified", caller, credentialsRow };
}

const FROM_MISMATCH: Identification = {
  kind: "refused",
  answer: { status: 403, reason: "From Is Not Your Address-Of-Record" },
};

const UNKNOWN_SENDER: Identification = {
  kind: "refused",
  answer: {
    status: 403,
    cause: "From names no domain, peer or gateway of this server, and the address is unknown",
  },
};
