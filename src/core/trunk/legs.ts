/** Makes the legs of calls that a gateway is on, or whose caller stays unnamed. */
import type { Did } from "../../data/did.ts";
import type { Directory } from "../../data/directory.ts";
import type { Gateway } from "../../data/gateway.ts";
import { Header } from "../../message/header_name.ts";
import type { SipRequest } from "../../message/sip_message.ts";
import { logger } from "../../runtime/log.ts";
import type { Flow } from "../../transport/transport.ts";
import type { DialogRoute } from "../proxy/dialog_route.ts";
import { type ChallengedUser, CSeqShift, type Leg } from "../proxy/leg.ts";
import { answerChallenge, type ChallengeAnswer } from "./challenge_answer.ts";
import type { GatewayAddresses } from "./gateway_addresses.ts";
import type { GatewayRealms } from "./gateway_realms.ts";
import {
  anonymousFrom,
  asksForPrivacy,
  assertedIdentity,
  claimedUsers,
  fromAt,
  numberOf,
} from "./identity.ts";

/** What legs are made from. */
export interface LegsParts {
  readonly directory: Directory;
  /** The realms that a gateway may ask our credentials for. */
  readonly realms: GatewayRealms;
  readonly gateways: Pick<GatewayAddresses, "at" | "add">;
}

/** Who a call out is from. */
export interface OutboundCaller {
  /** Whether its agent is not to be named. */
  readonly isPrivate: boolean;
  /** Whether it may say itself which number of the gateway it calls from. */
  readonly isTrusted: boolean;
}

/** A note of ours: `p` for a caller that stays unnamed, then the end the gateway is at, the shift, and the gateway. */
const NOTE = /^(p?)(?:([er])([0-9a-z]+)-(.+))?$/;

/** Challenges of one request that are answered. */
const MAX_ANSWERS = 3;

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

/** Characters of a number, punctuation included; there are no more than 15 digits (E.164). */
const MAX_NUMBER = 64;

/** Credentials of ours, and what only the servers on this side have a right to say. */
const NOT_FOR_GATEWAYS = [
  Header.Authorization,
  Header.ProxyAuthorization,
  Header.PPreferredIdentity,
  Header.PAssertedIdentity,
  Header.RemotePartyId,
];

const log = logger("trunk");

export class Legs {
  readonly #parts: LegsParts;
  /** By the entry of the dialog, which tells what the shift was at first. */
  readonly #shifts = new Map<string, CSeqShift>();

  constructor(parts: LegsParts) {
    this.#parts = parts;
  }

  /** Out to a gateway, as one of its numbers. */
  outbound(
    request: SipRequest,
    { gateway, did, caller }: { gateway: Gateway; did: Did; caller: OutboundCaller },
  ): Leg {
    const isPrivate = caller.isPrivate || asksForPrivacy(request);
    const number = numberOf(caller.isTrusted ? this.#claimedNumber(request, gateway) ?? did : did);
    const shift = new CSeqShift(0);
    const mark = caller.isPrivate ? "p" : "";
    return {
      from: caller.isPrivate ? anonymousFrom(request) : fromAt(gateway, request),
      removed: caller.isPrivate ? [...NOT_FOR_GATEWAYS, Header.Privacy] : NOT_FOR_GATEWAYS,
      added: assertedIdentity(request, { gateway, number, isPrivate }) +
        (caller.isPrivate ? "Privacy: id\r\n" : ""),
      shift,
      get note() {
        return `${mark}e${shift.current.toString(36)}-${escapeRef(gateway.ref)}`;
      },
      challenged: this.#userOf(gateway),
    };
  }

  /**
   * In from a gateway, or a peer: what the called end sends later may be challenged there.
   * @param isTrusted whether those who are called may know a caller that wants to stay unnamed (RFC 3325 §7)
   */
  inbound(request: SipRequest, gateway: Gateway | undefined, isTrusted: boolean): Leg | undefined {
    const isNamed = isTrusted || !asksForPrivacy(request);
    if (!gateway?.credentials && isNamed) return undefined;
    return {
      ...SAME,
      removed: isNamed ? [] : [Header.PAssertedIdentity, Header.RemotePartyId],
      note: gateway?.credentials ? `r0-${escapeRef(gateway.ref)}` : "",
    };
  }

  /** From an agent that is not to be named to somebody here. */
  anonymous(request: SipRequest): Leg {
    return {
      ...SAME,
      from: anonymousFrom(request),
      removed: [Header.PPreferredIdentity, Header.PAssertedIdentity, Header.RemotePartyId, Header.Privacy],
      added: "Privacy: id\r\n",
      note: "p",
    };
  }

  /** The leg of a request within a dialog; undefined where it goes on as it came. */
  withinDialog(request: SipRequest, { flow, note, to, entry }: DialogRoute): Leg | undefined {
    const [, mark, end, sealed, ref] = NOTE.exec(note) ?? [];
    const isByCaller = to === "callee";
    const isUnnamed = mark === "p" && isByCaller;
    if (end === undefined || (end === "e") !== isByCaller) {
      return isUnnamed ? { ...SAME, from: anonymousFrom(request) } : undefined;
    }
    // Calls outlive the gateway's resource: then nobody answers challenges any more.
    const gateway = this.#parts.directory.gateway(decodeURIComponent(ref));
    const isThere = gateway && flow && this.#parts.gateways.at(flow.remoteAddress).includes(gateway);
    const named = isThere && isByCaller ? fromAt(gateway, request) : undefined;
    return {
      ...SAME,
      from: isUnnamed ? anonymousFrom(request) : named,
      removed: NOT_FOR_GATEWAYS,
      shift: this.#shiftOf(entry, parseInt(sealed, 36)),
      // Its credentials go to nobody else, whoever has taken its place in the dialog.
      challenged: isThere && WITHIN_DIALOGS.has(request.method) ? this.#userOf(gateway) : undefined,
    };
  }

  /** Whether an end of a dialog may be at this flow now: one at a gateway is nowhere but there. */
  mayMove(note: string, side: "caller" | "callee", { remoteAddress }: Flow): boolean {
    const [, , end, , ref] = NOTE.exec(note) ?? [];
    if (end !== (side === "caller" ? "r" : "e")) return true;
    const gateway = this.#parts.directory.gateway(decodeURIComponent(ref));
    return gateway !== undefined && this.#parts.gateways.at(remoteAddress).includes(gateway);
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

  #userOf(gateway: Gateway): ChallengedUser {
    const { credentials, ref, host } = gateway;
    const { realms } = this.#parts;
    /** One for each who asked: a proxy in front of the gateway may ask, too, and wants to see its own again (§22.3). */
    const answers = new Map<string, ChallengeAnswer>();
    let given = 0;
    let repeated = 0;
    return {
      answer: (response, request) => {
        let foreign = "";
        const accepts = (realm: string) => {
          if (realms.accepts(gateway, realm)) return true;
          foreign = realm;
          return false;
        };
        const answer = credentials && answerChallenge(response, request, credentials, accepts);
        const asker = `${response.status} ${answer?.realm}`;
        const before = answers.get(asker);
        // Asked again, and not because the nonce is stale: the credentials are wrong. A server that does not know the
        // nonce of another one beside it, and does not say so, gets a second answer.
        const isAgain = before !== undefined && !answer?.isStale;
        const isRefused = isAgain && (repeated++ > 0 || before.nonce === answer?.nonce);
        if (answer && !isRefused && given++ < MAX_ANSWERS) {
          answers.set(asker, answer);
          return [...answers.values()].map(({ line }) => line).join("");
        }
        const why = foreign === ""
          ? "credentials are missing or wrong"
          : `realm "${foreign}" is not one of its own; if it is, add it to spec.realms`;
        log.warn("Gateway {ref} ({host}) refuses {method}: {why}", {
          ref,
          host,
          method: request.method,
          why,
        });
        return undefined;
      },
      onAccepted: ({ remoteAddress }) => {
        for (const { realm } of answers.values()) realms.learn(gateway, realm);
        this.#parts.gateways.add(gateway, remoteAddress);
      },
    };
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

/** The DID that a user part is the number of: `+1 (706) 604-1487` in any spelling, without regard to the plus sign. */
export function didOfUser(directory: Directory, user: string): Did | undefined {
  const end = user.indexOf(";");
  const number = end < 0 ? user : user.substring(0, end);
  // The number may be as long as a message: nothing is done that takes more than one look at each character.
  if (number.length > MAX_NUMBER || !/^\+?[\d().-]+$/.test(number)) return undefined;
  return directory.didByTelUrl(number.replace(/\D/g, ""));
}

function escapeRef(ref: string): string {
  return encodeURIComponent(ref).replaceAll(".", "%2E");
}
