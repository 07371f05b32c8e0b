/** What keeps an account from being served. */
import { accountName } from "../../core/access/account_guesses.ts";
import type { Ban } from "../../core/access/bans.ts";
import type { PastRefusal } from "../../core/access/refusal_history.ts";
import type { Agent } from "../../data/agent.ts";
import type { Domain } from "../../data/domain.ts";
import { findHa1 } from "../../data/ha1.ts";
import type { Peer } from "../../data/peer.ts";
import { addressOfRecord, partsOfAddress, SipUri } from "../../message/sip_uri.ts";
import type { AccountState, Diagnosis } from "../../rest/operations/why.ts";
import { ownerOf } from "../../runtime/ip/address_words.ts";
import { Turn } from "../../runtime/turn.ts";
import {
  type DiagnosisParts,
  inWords,
  shownRefusal,
  shownRegistration,
  toldRefusal,
} from "./diagnosis_parts.ts";

/** Domains and bans that are told of. */
const MAX_TOLD = 10;
/** A refusal within this time is told although a phone is registered. */
const LATELY_MS = 60_000;
const TURN_MS = 1;

/** Who is asked about: in one domain, or in all of them. */
export interface Questioned {
  readonly username: string;
  readonly domain?: string;
}

interface Findings {
  readonly asked: string;
  readonly question: Questioned;
  readonly accounts: readonly AccountState[];
  /** Domains that have the user name, though another one was asked for. */
  readonly elsewhere: readonly string[];
  readonly refusals: readonly PastRefusal[];
  /** Bans of addresses that tried the user name. */
  readonly bans: readonly Ban[];
}

export async function diagnoseAccount(question: Questioned, parts: DiagnosisParts): Promise<Diagnosis> {
  const { username, domain } = question;
  const domains = await domainsOf(username, parts);
  const names = domains.filter((name) => domain === undefined || name === domain);
  const { directory, access, refusals } = parts;
  const peer = directory.peer(username);
  const findings: Findings = {
    asked: domain === undefined ? username : `${username}@${domain}`,
    question,
    accounts: [
      ...names.flatMap((name) => {
        const agent = directory.agent(username, name);
        return agent ? [stateOf(agent, name, parts)] : [];
      }),
      ...peer && isAt(peer, domain, parts) ? [stateOf(peer, peer.device ?? domain ?? "", parts)] : [],
    ],
    elsewhere: domain === undefined ? [] : domains.filter((name) => name !== domain),
    refusals: refusals.ofUser(username),
    bans: access.isOn ? access.bans.list().filter((ban) => hasTried(ban, username)) : [],
  };
  return {
    what: findings.asked,
    kind: "account",
    summary: summaryOf(findings, parts),
    facts: factsOf(findings, parts),
    accounts: findings.accounts,
    refusals: findings.refusals.map(shownRefusal),
  };
}

/** Bans name users with their realm. */
function hasTried({ users }: Ban, username: string): boolean {
  return users.some((user) => user.slice(0, Math.max(0, user.lastIndexOf("@"))) === username);
}

async function domainsOf(username: string, { directory }: DiagnosisParts): Promise<string[]> {
  const names: string[] = [];
  const turn = new Turn(TURN_MS);
  for (const resource of directory.resources("Domain")) {
    const { domainUri } = resource as Domain;
    if (directory.agent(username, domainUri)) names.push(domainUri);
    if (turn.isOver) await turn.next();
  }
  return names;
}

/** Reports whether a peer is meant: it has no domain, and registers at its device or at any name of this server. */
function isAt({ device }: Peer, domain: string | undefined, { directory }: DiagnosisParts): boolean {
  return domain === undefined || domain === device || directory.domain(domain) === undefined;
}

function stateOf(account: Agent | Peer, realm: string, parts: DiagnosisParts): AccountState {
  const { access, clock } = parts;
  const { username, ref } = account;
  const { failures, maxFailures, isSlowed } = access.guesses.stateOf(accountName(username, realm));
  return {
    kind: account.kind === "Agent" ? "agent" : "peer",
    ref,
    account: realm === "" ? username : accountName(username, realm),
    credentials: credentialsOf(account, realm, parts),
    wrongPasswords: failures,
    maxWrongPasswords: maxFailures,
    isSlowed: access.isOn && isSlowed,
    maxContacts: parts.maxContactsOf(account),
    registrations: addressesOf(account, realm, parts).flatMap((aor) =>
      parts.location.lookup(aor).map((binding) => shownRegistration(aor, binding, clock))
    ),
  };
}

/** A peer without a device has the addresses-of-record that it registered at. */
function addressesOf(account: Agent | Peer, realm: string, { location }: DiagnosisParts): string[] {
  const { username } = account;
  if (account.kind === "Agent" || account.device !== undefined) return [addressOfRecord(username, realm)];
  return [...location.addressesOfRecord()].filter((aor) => partsOfAddress(aor).username === username);
}

/** Names what the account can be authenticated with; nothing of it is told. */
function credentialsOf(
  { secret, ha1 }: Agent | Peer,
  realm: string,
  { algorithms }: DiagnosisParts,
): string[] {
  if (secret !== undefined) return ["secret"];
  if (realm === "") return ha1.length > 0 ? ["hashes"] : [];
  return algorithms.filter((algorithm) => findHa1(ha1, { algorithm, realm }) !== undefined);
}

/** The first thing that keeps an account from being served decides. */
function summaryOf(findings: Findings, { clock, access, algorithms }: DiagnosisParts): string {
  const { asked, accounts, elsewhere, refusals, bans } = findings;
  if (accounts.length === 0) return missingSentence(findings);
  const registrations = accounts.flatMap((account) => account.registrations);
  const useless = accounts.find(({ credentials }) => credentials.length === 0);
  if (useless && registrations.length === 0) {
    return `${useless.account} cannot log in: it has neither a secret nor a hash for ${
      algorithms.join(" or ")
    } in this realm`;
  }
  const [last] = refusals;
  const refusal = last && `last ${toldRefusal(last, clock)}`;
  if (registrations.length > 0) {
    const [{ address, port, transport, expires }] = registrations;
    const where = registrations.length === 1
      ? `from ${transport} ${address}:${port} for another ${inWords(expires * 1000)}`
      : `with ${registrations.length} devices`;
    const isRefused = last !== undefined && clock.wallTime() - last.time < LATELY_MS;
    return `${asked} is registered ${where}${isRefused ? `, but something was refused: ${refusal}` : ""}`;
  }
  const slowed = accounts.find(({ isSlowed }) => isSlowed);
  if (slowed) {
    return `The password of ${slowed.account} is being guessed: addresses where no phone is registered have one try a ` +
      `second together${refusal ? `; ${refusal}` : ""}`;
  }
  const isBanned = last && bans.find((ban) => ownerOf(ban.address) === ownerOf(last.address));
  if (isBanned) {
    return `${asked} is not registered, and ${isBanned.network}, which tried it, is banned for another ` +
      `${inWords(isBanned.until - clock.wallTime())} because of ${isBanned.reason}: routr unban ` +
      `${isBanned.network.replace(/\/64$/, "")} lifts it${elsewhereSent(findings)}`;
  }
  if (refusal) return `${asked} is not registered: ${refusal}${elsewhereSent(findings)}`;
  const also = elsewhere.length > 0 ? `; ${named(elsewhere)} has the name too` : "";
  return `${asked} can register, but no request of it was refused or served lately${also}: look at the phone's settings, ` +
    `and ask for its address (${access.isOn ? "routr why ADDRESS" : "spec.access is off"})`;
}

/** A phone that has the address of the server for its domain is a common mistake. */
function elsewhereSent({ accounts, refusals: [last] }: Findings): string {
  const host = SipUri.parse(last.from)?.host;
  const domains = accounts.filter(({ kind }) => kind === "agent").map(({ account }) => domainOf(account));
  if (host === undefined || domains.length === 0 || domains.includes(host)) return "";
  return `; the phone says ${host}, and its domain is ${named(domains)}`;
}

/** Returns the domain of an account. */
function domainOf(account: string): string {
  return account.slice(account.lastIndexOf("@") + 1);
}

function missingSentence({ question: { username, domain }, elsewhere, asked }: Findings): string {
  if (domain === undefined) return `There is no agent and no peer ${username}`;
  const where = elsewhere.length > 0 ? `, but one in ${named(elsewhere)}` : "";
  return `There is no ${asked}: the domain ${domain} has no agent ${username}${where}`;
}

function factsOf({ accounts, refusals, bans }: Findings, { clock }: DiagnosisParts): string[] {
  return [
    ...accounts.flatMap((account) => accountFacts(account)),
    ...bans.slice(0, MAX_TOLD).map(({ network, until, reason }) =>
      `${network} tried it and is banned for another ${inWords(until - clock.wallTime())}: ${reason}`
    ),
    ...refusals.length === 0 ? ["Nothing was refused lately"] : [],
  ];
}

function accountFacts(state: AccountState): string[] {
  const { kind, account, credentials, registrations, maxContacts, wrongPasswords, maxWrongPasswords } = state;
  const kinds = credentials.length === 0 ? "nothing to log in with" : credentials.join(", ");
  const full = registrations.length >= maxContacts ? "; a further one takes the place of the oldest" : "";
  return [
    `${account} is ${kind === "agent" ? "an agent" : "a peer"}, with ${
      credentials[0] === "secret"
        ? "a secret"
        : kinds === "nothing to log in with"
        ? kinds
        : `hashes: ${kinds}`
    }`,
    `${account}: ${registrations.length} of ${maxContacts} devices registered${full}`,
    ...registrations.slice(0, MAX_TOLD).map(({ contact, transport, address, port, expires }) =>
      `${account}: ${contact} from ${transport} ${address}:${port}, for another ${inWords(expires * 1000)}`
    ),
    ...wrongPasswords > 0
      ? [`${account}: ${wrongPasswords} wrong passwords within an hour; ${maxWrongPasswords} slow it`]
      : [],
  ];
}

function named(domains: readonly string[]): string {
  const more = domains.length > MAX_TOLD ? " and others" : "";
  return domains.slice(0, MAX_TOLD).join(", ") + more;
}
