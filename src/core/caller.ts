/** Who is calling, and may they (design: no open relay). */
import type { Agent } from "../data/agent.ts";
import type { Directory } from "../data/directory.ts";
import type { Peer } from "../data/peer.ts";
import type { SipRequest } from "../message/sip_message.ts";
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
  /** `spec.allowUnauthenticatedCalls`: strangers may call our users, as the predecessor let them. */
  readonly allowsStrangers: boolean;
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
    const user = from?.userText ?? "";
    if (from && directory.peer(user)) {
      const challenge = { status: 407, realm: from.host } as const;
      const result = authenticator.authenticate(request, challenge, (name) => directory.peer(name));
      if (result.kind === "refused") return result;
      if (result.account.username !== user) return NOT_YOURS;
      return {
        kind: "identified",
        caller: { kind: "peer", peer: result.account },
        credentialsRow: result.row,
      };
    }
    if (from && directory.domain(from.host)) {
      const domain = from.host;
      const challenge = { status: 407, realm: domain } as const;
      const result = authenticator.authenticate(request, challenge, (name) => directory.agent(name, domain));
      if (result.kind === "refused") return result;
      if (result.account.username !== user) return NOT_YOURS;
      return {
        kind: "identified",
        caller: { kind: "agent", agent: result.account, domain },
        credentialsRow: result.row,
      };
    }
    if (allowsStrangers) return { kind: "identified", caller: { kind: "stranger" }, credentialsRow: -1 };
    return { kind: "refused", answer: { status: 403 } };
  }
}

const NOT_YOURS: Identification = {
  kind: "refused",
  answer: { status: 403, reason: "From Is Not Your Address-Of-Record" },
};
