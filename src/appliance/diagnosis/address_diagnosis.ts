/** What keeps an address from being served. */
import { AccessRules } from "../../core/access/access_rules.ts";
import type { Ban, SourceState } from "../../core/access/bans.ts";
import type { PastRefusal } from "../../core/access/refusal_history.ts";
import type { SourceTraffic } from "../../core/access/source_guard.ts";
import type { Domain } from "../../data/domain.ts";
import { shownBan } from "../../rest/operations/bans.ts";
import type { Diagnosis, ShownRegistration } from "../../rest/operations/why.ts";
import { ownerOf } from "../../runtime/ip/address_words.ts";
import { Turn } from "../../runtime/turn.ts";
import {
  ago,
  type DiagnosisParts,
  inWords,
  shownRefusal,
  shownRegistration,
  toldRefusal,
} from "./diagnosis_parts.ts";

/** Registrations that are shown. */
const MAX_REGISTRATIONS = 50;
/** A drop within this time is why an address is not served. */
const LATELY_MS = 60_000;
const TURN_MS = 1;

/** What was found of an address. */
interface Findings {
  readonly address: string;
  readonly isDenied: boolean;
  readonly deniedBy: readonly string[];
  readonly state: SourceState;
  readonly traffic: SourceTraffic | undefined;
  readonly registrations: readonly ShownRegistration[];
  readonly refusals: readonly PastRefusal[];
}

/** @param address as flows have it */
export async function diagnoseAddress(address: string, parts: DiagnosisParts): Promise<Diagnosis> {
  const { access, clock, refusals } = parts;
  const findings: Findings = {
    address,
    isDenied: parts.isDenied(address),
    deniedBy: await domainsThatDeny(address, parts),
    state: access.bans.stateOf(address),
    traffic: access.sources.trafficOf(address),
    registrations: await registrationsFrom(address, parts),
    refusals: refusals.ofSource(address),
  };
  const { state, traffic, isDenied, deniedBy, registrations } = findings;
  return {
    what: address,
    kind: "address",
    summary: summaryOf(findings, parts),
    facts: factsOf(findings, parts),
    address: {
      network: state.network,
      isDenied,
      deniedBy,
      ...state.ban && { ban: shownBan(state.ban) },
      points: Math.round(state.points * 10) / 10,
      maxPoints: state.maxPoints,
      isTrusted: state.isTrusted,
      isKnown: state.isKnown,
      dropped: traffic?.drops ?? 0,
      ...traffic && traffic.drops > 0 && {
        lastDropped: new Date(clock.wallTime() - clock.now() + traffic.droppedAt).toISOString(),
      },
      registrations,
    },
    refusals: findings.refusals.map(shownRefusal),
  };
}

async function domainsThatDeny(address: string, { directory }: DiagnosisParts): Promise<string[]> {
  const names: string[] = [];
  const turn = new Turn(TURN_MS);
  for (const resource of directory.resources("Domain")) {
    const { domainUri, accessControlList } = resource as Domain;
    if (accessControlList && !new AccessRules(accessControlList).admits(address)) names.push(domainUri);
    if (turn.isOver) await turn.next();
  }
  return names;
}

async function registrationsFrom(
  address: string,
  { location, clock }: DiagnosisParts,
): Promise<ShownRegistration[]> {
  const owner = ownerOf(address);
  const found: ShownRegistration[] = [];
  const turn = new Turn(TURN_MS);
  for (const aor of [...location.addressesOfRecord()]) {
    for (const binding of location.lookup(aor)) {
      if (ownerOf(binding.flow.remoteAddress) !== owner) continue;
      found.push(shownRegistration(aor, binding, clock));
    }
    if (found.length >= MAX_REGISTRATIONS) break;
    if (turn.isOver) await turn.next();
  }
  return found;
}

/** The first thing that keeps an address from being served decides. */
function summaryOf(findings: Findings, { access, clock }: DiagnosisParts): string {
  const { address, isDenied, deniedBy, state, traffic, registrations, refusals } = findings;
  if (isDenied) {
    return `${address} is denied by the access control list of the server (spec.accessControlList): ` +
      "it gets one 403 a minute, and nothing else";
  }
  const isExempt = !access.isOn || state.isTrusted;
  if (state.ban && !isExempt) return bannedSentence(state.ban, clock.wallTime());
  if (traffic && !isExempt && traffic.drops > 0 && clock.now() - traffic.droppedAt < LATELY_MS) {
    return `Messages of ${address} are dropped because there are too many from there, or from all unknown addresses ` +
      "together (spec.access)";
  }
  const [last] = refusals;
  if (last && (registrations.length === 0 || clock.wallTime() - last.time < LATELY_MS)) {
    return `${address} is heard, and refused: last ${toldRefusal(last, clock)}`;
  }
  if (deniedBy.length > 0) {
    return `${address} is denied by the access control list of ${
      listed(deniedBy)
    } (spec.context.accessControlList)`;
  }
  if (registrations.length > 0) {
    return `${address} is served: ${phones(registrations.length)} registered from there`;
  }
  if (!traffic && !isExempt) {
    return `No message from ${address} has arrived since the server has started: look at the phone's settings, at ` +
      "firewalls, and whether it comes by another address (NAT)";
  }
  return `Nothing keeps ${address} from being served, and nobody is registered from there`;
}

function bannedSentence({ network, until, reason, users, isShared }: Ban, now: number): string {
  const tried = users.length > 0 ? ` (tried as ${listed(users)})` : "";
  const but = isShared ? "; phones that are registered there are served, others are heard slowly" : "";
  return `${network} is banned for another ${inWords(until - now)}, because of ${reason}${tried}${but}: ` +
    `routr unban ${network.replace(/::\/64$/, "::")} lifts it`;
}

function factsOf(findings: Findings, { access, clock }: DiagnosisParts): string[] {
  const { isDenied, deniedBy, state, traffic, registrations, refusals } = findings;
  const { ban, points, maxPoints, isTrusted, isKnown } = state;
  const seen = traffic ? ago(clock.now() - traffic.seenAt) : undefined;
  return [
    `Access control lists: ${isDenied ? "that of the server denies it" : "that of the server admits it"}` +
    (deniedBy.length > 0 ? `; denied by the domains ${listed(deniedBy)}` : ""),
    ...access.isOn ? [] : ["Limits and bans are switched off (spec.access.preset: off)"],
    ...isTrusted ? ["It is trusted, or a gateway's: neither limited nor banned"] : [],
    ban
      ? `Banned since ${new Date(ban.since).toISOString()} until ${new Date(ban.until).toISOString()}, ` +
        `for the ${ordinal(ban.count)} time`
      : `Not banned; ${Math.round(points * 10) / 10} of ${maxPoints} points are held against it`,
    seen === undefined
      ? `No message from there is remembered${isTrusted ? ": those of trusted networks are not" : ""}`
      : `A message came ${seen}; ${dropped(traffic!, clock.now())}`,
    isKnown ? "Phones or gateways were served there lately" : "Nobody was served there lately",
    registrations.length === 0
      ? "Nobody is registered from there"
      : `Registered from there: ${listed(registrations.map(({ addressOfRecord }) => addressOfRecord))}`,
    ...refusals.length === 0 ? ["Nothing was refused lately"] : [],
  ];
}

function dropped({ drops, droppedAt }: SourceTraffic, now: number): string {
  return drops === 0
    ? "none was dropped"
    : `${drops} were dropped unread, the last one ${ago(now - droppedAt)}`;
}

function phones(count: number): string {
  if (count >= MAX_REGISTRATIONS) return `at least ${count} phones are`;
  return count === 1 ? "1 phone is" : `${count} phones are`;
}

function ordinal(count: number): string {
  return count === 1 ? "first" : count === 2 ? "second" : `${count}th`;
}

/** Returns the first names of a list, and how many there are besides. */
function listed(names: readonly string[]): string {
  const first = names.slice(0, 5).join(", ");
  return names.length > 5 ? `${first} and ${names.length - 5} more` : first;
}
