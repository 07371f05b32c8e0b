/** Who is calling, and may they (design: no open relay). */
import type { Agent } from "../data/agent.ts";
import type { Directory } from "../data/directory.ts";
import type { Peer } from "../data/peer.ts";
import type { SipRequest } from "../message/sip_message.ts";
import type { SipUri } from "../message/sip_uri.ts";
import type { Answer } from "./answer.ts";
import type { DigestAuthenticator } from "./digest_authenticator.ts";

/** Somebody who may send a request outside of a dialog. */
export type Caller =
  | { readonly kind: "agent"; readonly agent: Agent; readonly domain: string }
  | { readonly kind: "peer"; readonly peer: Peer }
  | { readonly kind: "stranger" };

/** A caller with the header row that proved who it is (-1 for none), or what to answer. */
export type Identification =
  | { readonly kind: "identified"; readonly caller: Caller; readonly credentialsRow: number }
  | { readonly kind: "refused"; readonly answer: Answer };

/** What callers are told apart by. */
export interface CallerIdentificationParts {
  readonly directory: Directory;
  readonly authenticator: DigestAuthenticator;
  /** `spec.allowUnauthenticatedCalls`: nobody is asked for a password, as with the predecessor. */
  readonly allowsStrangers: boolean;
  /** Whether a URI names this server by address. */
  isServerAddress(uri: SipUri): boolean;
}

/**
 * Tells who sent a request outside of a dialog. A From in one of our domains is challenged whether the user exists or
 * not, so that nobody learns which users do.
 */
export class CallerIdentification {
  readonly #parts: CallerIdentificationParts;

  constructor(parts: CallerIdentificationParts) {
    this.#parts = parts;
  }

  identify(request: SipRequest): Identification {
    const { directory, authenticator, allowsStrangers } = this.#parts;
    const from = request.from.uri;
    if (allowsStrangers) return identified(this.#claimed(from), -1);
    if (from && directory.domain(from.host)) {
      const domain = from.host;
      const find = (name: string) => directory.agent(name, domain) ?? directory.peer(name);
      const result = authenticator.authenticate(request, { status: 407, realm: domain }, find);
      if (result.kind === "refused") return result;
      const { account, row } = result;
      if (account.username !== from.userText) return NOT_YOURS;
      return account.kind === "Agent"
        ? identified({ kind: "agent", agent: account, domain }, row)
        : identified({ kind: "peer", peer: account }, row);
    }
    if (from && this.#isHomeOfPeer(from)) {
      const find = (name: string) => directory.peer(name);
      const result = authenticator.authenticate(request, { status: 407, realm: from.host }, find);
      if (result.kind === "refused") return result;
      const { account, row } = result;
      return account.username === from.userText
        ? identified({ kind: "peer", peer: account }, row)
        : NOT_YOURS;
    }
    return { kind: "refused", answer: { status: 403 } };
  }

  /** Who the sender says it is, believed without proof. */
  #claimed(from: SipUri | undefined): Caller {
    const agent = from && this.#parts.directory.agent(from.userText, from.host);
    return from && agent ? { kind: "agent", agent, domain: from.host } : { kind: "stranger" };
  }

  /** Peers speak for their device, or come with the address of this server as their host. */
  #isHomeOfPeer(from: SipUri): boolean {
    const peer = this.#parts.directory.peer(from.userText);
    return peer !== undefined && (peer.device === from.host || this.#parts.isServerAddress(from));
  }
}

function identified(caller: Caller, credentialsRow: number): Identification {
  return { kind: "identified", caller, credentialsRow };
}

const NOT_YOURS: Identification = {
  kind: "refused",
  answer: { status: 403, reason: "From Is Not Your Address-Of-Record" },
};
