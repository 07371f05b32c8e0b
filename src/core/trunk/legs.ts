/** Makes the legs of calls that a gateway is on, or whose caller stays unnamed. */
import { didOfUser, globalNumber } from "../../data/dialled_number.ts";
import type { Did } from "../../data/did.ts";
import type { Directory } from "../../data/directory.ts";
import type { Gateway } from "../../data/gateway.ts";
import { Header } from "../../message/header_name.ts";
import type { SipRequest } from "../../message/sip_message.ts";
import type { Flow } from "../../transport/transport.ts";
import type { DialogRoute } from "../proxy/dialog_route.ts";
import { CSeqShift, type Leg } from "../proxy/leg.ts";
import { formatNote, parseNote } from "./dialog_note.ts";
import type { GatewayAddresses } from "./gateway_addresses.ts";
import type { GatewayRealms } from "./gateway_realms.ts";
import type { GatewayRefusals } from "./gateway_refusals.ts";
import { GatewayUser } from "./gateway_user.ts";
import {
  anonymousContact,
  anonymousFrom,
  asksForPrivacy,
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

/** What legs are made from. */
export interface LegsParts {
  readonly directory: Directory;
  /** The realms that a gateway may ask our credentials for. */
  readonly realms: GatewayRealms;
  readonly gateways: Pick<GatewayAddresses, "at" | "add">;
  readonly refusals: GatewayRefusals;
  /** `spec.ex_convertTelToE164`: numbers in From, To and identities of calls with gateways are in their global form. */
  readonly hasGlobalNumbers: boolean;
}

/** Who a call out is from. */
export interface OutboundCaller {
  /** Whether its agent is not to be named. */
  readonly isPrivate: boolean;
  /** Whether it may say itself which number of the gateway it calls from. */
  readonly isTrusted: boolean;
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

export class Legs {
  readonly #parts: LegsParts;
  /** By the entry of the dialog, which tells what the shift was at first. */
  readonly #shifts = new Map<string, CSeqShift>();
  readonly #unnamedTargets = new UnnamedTargets();

  constructor(parts: LegsParts) {
    this.#parts = parts;
  }

  /** Out to a gateway, as one of its numbers. */
  outbound(
    request: SipRequest,
    { gateway, did, caller }: { gateway: Gateway; did: Did; caller: OutboundCaller },
  ): Leg {
    const { realms, gateways, refusals } = this.#parts;
    const isPrivate = caller.isPrivate || asksForPrivacy(request);
    const isGlobal = this.#parts.hasGlobalNumbers;
    const own = numberOfDid(caller.isTrusted ? this.#claimedNumber(request, gateway) ?? did : did);
    const number = isGlobal ? globalNumber(own) ?? own : own;
    const shift = CSeqShift.from(request.cseq);
    const hasName = caller.isTrusted;
    return {
      ...SAME,
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
      get note() {
        const end = { side: "callee", shift: shift.current, ref: gateway.ref } as const;
        return formatNote({ isUnnamed: caller.isPrivate, gateway: end });
      },
      challenged: new GatewayUser(gateway, {
        realms,
        gateways,
        ...request.method !== "INVITE" && { refusals },
      }),
    };
  }

  /**
   * In from a gateway, or a peer: what the called end sends later may be challenged there.
   * @param isTrusted whether those who are called may know a caller that wants to stay unnamed (RFC 3325 §7)
   */
  inbound(request: SipRequest, gateway: Gateway | undefined, isTrusted: boolean): Leg | undefined {
    const isNamed = isTrusted || !asksForPrivacy(request);
    const end = gateway?.credentials ? { side: "caller", shift: 0, ref: gateway.ref } as const : undefined;
    const numbers = gateway && this.#globalNumbers(request);
    if (!end && isNamed && !numbers) return undefined;
    return {
      ...SAME,
      ...numbers,
      removed: isNamed ? [] : [Header.PAssertedIdentity, Header.RemotePartyId],
      note: formatNote({ isUnnamed: false, gateway: end }),
    };
  }

  /** From an agent that is not to be named to somebody here. */
  anonymous(request: SipRequest): Leg {
    return {
      ...SAME,
      ...this.#unnamed(request),
      removed: [Header.PPreferredIdentity, Header.PAssertedIdentity, Header.RemotePartyId, Header.Privacy],
      added: "Privacy: id\r\n",
      note: formatNote({ isUnnamed: true, gateway: undefined }),
    };
  }

  /** The leg of a request within a dialog; undefined where it goes on as it came. */
  withinDialog(request: SipRequest, { flow, note, to, entry }: DialogRoute): Leg | undefined {
    const noted = parseNote(note);
    const isByCaller = to === "callee";
    const hidden = noted.isUnnamed
      ? isByCaller ? this.#unnamed(request) : this.#toUnnamed(request)
      : undefined;
    const numbers = noted.gateway && this.#globalNumbers(request);
    if (noted.gateway?.side !== to) {
      return hidden || numbers ? { ...SAME, ...numbers, ...hidden } : undefined;
    }
    // Calls outlive the gateway's resource: then nobody answers challenges any more.
    const gateway = flow && this.#gatewayAt(flow, noted.gateway.ref);
    const isGlobal = this.#parts.hasGlobalNumbers;
    return {
      ...SAME,
      ...numbers,
      ...hidden ?? {
        from: gateway && isByCaller ? fromAt(gateway, request, { hasName: false, isGlobal }) : numbers?.from,
        contact: namelessContact(request),
        removedNames: TRUSTED_STATEMENTS,
      },
      removed: NOT_FOR_GATEWAYS,
      shift: this.#shiftOf(entry, noted.gateway.shift),
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

  /** The gateway with this ref, if it is at the far end of the flow. */
  #gatewayAt(flow: Flow, ref: string): Gateway | undefined {
    const gateway = this.#parts.directory.gateway(ref);
    return gateway && this.#parts.gateways.at(flow).includes(gateway) ? gateway : undefined;
  }

  /** What is another in requests of a caller that is not to be named. */
  #unnamed(request: SipRequest): Pick<Leg, "from" | "contact" | "removedNames"> {
    this.#unnamedTargets.note(request);
    return {
      from: anonymousFrom(request),
      contact: anonymousContact(request),
      removedNames: STATEMENTS_ABOUT_CALLERS,
    };
  }

  /** What is another in requests to such a caller, and in what it answers. */
  #toUnnamed(request: SipRequest): Pick<Leg, "requestUri" | "answererContact"> {
    return { requestUri: this.#unnamedTargets.find(request), answererContact: anonymousContact };
  }

  /** From and To with numbers in their global form; undefined where nothing of this is to change. */
  #globalNumbers({ text, from, to }: SipRequest): Pick<Leg, "from" | "to"> | undefined {
    if (!this.#parts.hasGlobalNumbers) return undefined;
    const numbers = { from: withGlobalNumber(text, from), to: withGlobalNumber(text, to) };
    return numbers.from === undefined && numbers.to === undefined ? undefined : numbers;
  }

  /** That of a dialog; the one that was longest without a request is forgotten first. */
  #shiftOf(entry: string, sealed: number): CSeqShift {
    const shift = this.#shifts.get(entry) ?? new CSeqShift(sealed);
    this.#shifts.delete(entry);
    if (this.#shifts.size >= MAX_SHIFTS) this.#shifts.delete(this.#shifts.keys().next().value!);
    this.#shifts.set(entry, shift);
    return shift;
  }

  /** The number that a trusted caller says it is, if the gateway has it. */
  #claimedNumber(request: SipRequest, gateway: Gateway): Did | undefined {
    for (const user of claimedUsers(request)) {
      const did = didOfUser(this.#parts.directory, user);
      if (did && this.#parts.directory.gateway(did.gwRef) === gateway) return did;
    }
    return undefined;
  }
}

/** What a leg changes that changes nothing. */
const SAME: Leg = {
  from: undefined,
  removed: [],
  added: "",
  shift: undefined,
  note: "",
  challenged: undefined,
};
