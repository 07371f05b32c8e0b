/** Makes the branch rewrites of calls that a gateway is on, or whose caller asks for privacy. */
import { didOfUser, globalNumber } from "../../data/dialled_number.ts";
import type { Did } from "../../data/did.ts";
import type { Directory } from "../../data/directory.ts";
import type { Gateway } from "../../data/gateway.ts";
import { Header } from "../../message/header_name.ts";
import { asksForPrivacy } from "../../message/privacy.ts";
import type { SipRequest } from "../../message/sip_message.ts";
import { BoundedMap } from "../../runtime/bounded_map.ts";
import type { Flow } from "../../transport/transport.ts";
import type { Caller } from "../authentication/caller.ts";
import type { BranchRewrite } from "../proxy/branch_rewrite.ts";
import { CSeqShift } from "../proxy/cseq_shift.ts";
import type { DialogRoute } from "../proxy/dialog_route.ts";
import type { Egress, Target } from "../proxy/target.ts";
import { formatAnnotations, parseAnnotations } from "./dialog_annotations.ts";
import type { GatewayAddresses } from "./gateway_addresses.ts";
import type { GatewayRealms } from "./gateway_realms.ts";
import type { GatewayRefusals } from "./gateway_refusals.ts";
import { GatewayUser } from "./gateway_user.ts";
import {
  anonymousContact,
  anonymousFrom,
  assertedIdentity,
  claimedUsers,
  fromAt,
  namelessContact,
  numberOfDid,
  STATEMENTS_ABOUT_CALLERS,
  TRUSTED_STATEMENTS,
  withGlobalNumber,
} from "./identity.ts";
import { UnnamedTargets } from "./unnamed_targets.ts";

export interface BranchRewritesParts {
  readonly directory: Directory;
  /** The realms that a gateway may ask our credentials for. */
  readonly realms: GatewayRealms;
  readonly gateways: Pick<GatewayAddresses, "at" | "add">;
  readonly refusals: GatewayRefusals;
  /** `spec.ex_convertTelToE164`: numbers in From, To and identities of calls with gateways are in their global form. */
  readonly convertsToE164: boolean;
}

/** A request outside of dialogs, on its way to a target. */
export interface BranchBeginning {
  readonly target: Target;
  readonly caller: Caller;
  /** The gateway that the request came in by. */
  readonly ingress: Gateway | undefined;
}

/** Dialogs with gateways remembered; the oldest are forgotten. */
const MAX_SHIFTS = 16_384;

/** Requests of a dialog. Others could come alone, and have to ask for credentials by that way. */
const WITHIN_DIALOGS: ReadonlySet<string> = new Set([
  "INVITE",
  "UPDATE",
  "BYE",
  "PRACK",
  "INFO",
  "NOTIFY",
  "REFER",
  "SUBSCRIBE",
]);

/** Credentials of ours, and what only the servers on this side have a right to say. */
const NOT_FOR_GATEWAYS = [
  Header.Authorization,
  Header.ProxyAuthorization,
  Header.PPreferredIdentity,
  Header.PAssertedIdentity,
  Header.RemotePartyId,
];

export class BranchRewrites {
  readonly #parts: BranchRewritesParts;
  /** By the flow token of the dialog, which tells what the shift was at first. */
  readonly #shifts = new BoundedMap<string, CSeqShift>(MAX_SHIFTS);
  readonly #unnamedTargets = new UnnamedTargets();

  constructor(parts: BranchRewritesParts) {
    this.#parts = parts;
  }

  /** Returns the rewrite of a request outside of dialogs; undefined where it goes as it came. */
  outOfDialog(request: SipRequest, { target, caller, ingress }: BranchBeginning): BranchRewrite | undefined {
    const isPrivate = caller.kind === "agent" && caller.agent.privacy === "private";
    if (target.egress) {
      return this.#outbound(request, target.egress, { isPrivate, isTrusted: caller.kind === "peer" });
    }
    if (isPrivate) return this.#anonymous(request);
    return caller.kind === "agent"
      ? undefined
      : this.#inbound(request, ingress, { isTargetTrusted: target.isTrusted ?? false });
  }

  /**
   * Returns the rewrite of a call out.
   * @param caller whether its agent is not to be named, and whether it may say itself which number of the gateway it is
   */
  #outbound(
    request: SipRequest,
    { gateway, did }: Egress,
    caller: { isPrivate: boolean; isTrusted: boolean },
  ): BranchRewrite {
    const { realms, gateways, refusals, convertsToE164: isGlobal } = this.#parts;
    const isPrivate = caller.isPrivate || asksForPrivacy(request);
    const own = numberOfDid(caller.isTrusted ? this.#claimedNumber(request, gateway) ?? did : did);
    const number = isGlobal ? globalNumber(own) ?? own : own;
    const shift = CSeqShift.from(request.cseq);
    const hasName = caller.isTrusted;
    return {
      ...this.#globalNumbers(request),
      ...caller.isPrivate ? this.#unnamed(request) : {
        from: fromAt(gateway, request, { hasName, isGlobal }),
        contact: hasName ? undefined : namelessContact(request),
        removedNames: hasName ? undefined : TRUSTED_STATEMENTS,
      },
      removed: caller.isPrivate ? [...NOT_FOR_GATEWAYS, Header.Privacy] : NOT_FOR_GATEWAYS,
      added: assertedIdentity(request, { gateway, number, isPrivate, hasName }) +
        (caller.isPrivate ? "Privacy: id\r\n" : ""),
      shift,
      get annotations() {
        const end = { side: "callee", shift: shift.current, ref: gateway.ref } as const;
        return formatAnnotations({ isUnnamed: caller.isPrivate, gateway: end });
      },
      challenged: new GatewayUser(gateway, {
        realms,
        gateways,
        ...request.method !== "INVITE" && { refusals },
      }),
    };
  }

  /**
   * Returns the rewrite of a request from a gateway or peer: what the called end sends later may be challenged there.
   * @param isTargetTrusted whether the target may learn the identity of a caller that asks for privacy (RFC 3325 §7)
   */
  #inbound(
    request: SipRequest,
    gateway: Gateway | undefined,
    { isTargetTrusted }: { isTargetTrusted: boolean },
  ): BranchRewrite | undefined {
    const isNamed = isTargetTrusted || !asksForPrivacy(request);
    const end = gateway?.credentials ? { side: "caller", shift: 0, ref: gateway.ref } as const : undefined;
    const numbers = gateway && this.#globalNumbers(request);
    if (!end && isNamed && !numbers) return undefined;
    return {
      ...numbers,
      removed: isNamed ? [] : [Header.PAssertedIdentity, Header.RemotePartyId],
      annotations: formatAnnotations({ isUnnamed: false, gateway: end }),
    };
  }

  /** Returns the rewrite of a request to somebody here, from an agent that is not to be named. */
  #anonymous(request: SipRequest): BranchRewrite {
    return {
      ...this.#unnamed(request),
      removed: [Header.PPreferredIdentity, Header.PAssertedIdentity, Header.RemotePartyId, Header.Privacy],
      added: "Privacy: id\r\n",
      annotations: formatAnnotations({ isUnnamed: true, gateway: undefined }),
    };
  }

  /** Returns the rewrite of a request within a dialog; undefined where it goes as it came. */
  withinDialog(
    request: SipRequest,
    { flow, annotations, to, token }: DialogRoute,
  ): BranchRewrite | undefined {
    if (annotations === "") return undefined;
    const { isUnnamed, gateway: end } = parseAnnotations(annotations);
    const isByCaller = to === "callee";
    const hidden = isUnnamed ? isByCaller ? this.#unnamed(request) : this.#toUnnamed(request) : undefined;
    const numbers = end && this.#globalNumbers(request);
    if (end?.side !== to) return hidden || numbers ? { ...numbers, ...hidden } : undefined;
    // Calls outlive the gateway's resource: then nobody answers challenges any more.
    const gateway = flow && this.#gatewayAt(flow, end.ref);
    const isGlobal = this.#parts.convertsToE164;
    return {
      ...numbers,
      ...hidden ?? {
        from: gateway && isByCaller ? fromAt(gateway, request, { hasName: false, isGlobal }) : numbers?.from,
        contact: namelessContact(request),
        removedNames: TRUSTED_STATEMENTS,
      },
      removed: NOT_FOR_GATEWAYS,
      shift: this.#shiftOf(token, end.shift),
      // Its credentials go to nobody else, whoever has taken its place in the dialog.
      challenged: gateway && WITHIN_DIALOGS.has(request.method)
        ? new GatewayUser(gateway, this.#parts)
        : undefined,
    };
  }

  /** Reports whether the gateway with this ref is at the far end of a flow. */
  isGatewayAt(ref: string, flow: Flow): boolean {
    return this.#gatewayAt(flow, ref) !== undefined;
  }

  /** Returns the gateway with this ref, if it is at the far end of the flow. */
  #gatewayAt(flow: Flow, ref: string): Gateway | undefined {
    const gateway = this.#parts.directory.gateway(ref);
    return gateway && this.#parts.gateways.at(flow).includes(gateway) ? gateway : undefined;
  }

  /** Returns what changes in requests of a caller that is not to be named. */
  #unnamed(request: SipRequest): Pick<BranchRewrite, "from" | "contact" | "removedNames"> {
    this.#unnamedTargets.note(request);
    return {
      from: anonymousFrom(request),
      contact: anonymousContact(request),
      removedNames: STATEMENTS_ABOUT_CALLERS,
    };
  }

  /** Returns what changes in requests to a caller that is not to be named, and in its answers. */
  #toUnnamed(request: SipRequest): Pick<BranchRewrite, "requestUri" | "answererContact"> {
    return { requestUri: this.#unnamedTargets.find(request), answererContact: anonymousContact };
  }

  /** Returns From and To with numbers in their global form; undefined where neither changes. */
  #globalNumbers({ text, from, to }: SipRequest): Pick<BranchRewrite, "from" | "to"> | undefined {
    if (!this.#parts.convertsToE164) return undefined;
    const numbers = { from: withGlobalNumber(text, from), to: withGlobalNumber(text, to) };
    return numbers.from === undefined && numbers.to === undefined ? undefined : numbers;
  }

  /** Returns the shift of a dialog; the one that was longest without a request is forgotten first. */
  #shiftOf(token: string, annotated: number): CSeqShift {
    const shift = this.#shifts.get(token) ?? new CSeqShift(annotated);
    this.#shifts.set(token, shift);
    return shift;
  }

  /** Returns the number that a trusted caller claims, if the gateway has it. */
  #claimedNumber(request: SipRequest, gateway: Gateway): Did | undefined {
    for (const user of claimedUsers(request)) {
      const did = didOfUser(this.#parts.directory, user);
      if (did && this.#parts.directory.gateway(did.gwRef) === gateway) return did;
    }
    return undefined;
  }
}
