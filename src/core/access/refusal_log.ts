/** Reports refused requests: a log line and an event for each, both rate-limited; the last ones are remembered. */
import { Header } from "../../message/header_name.ts";
import type { HeaderRows } from "../../message/header_rows.ts";
import { parseNameAddr } from "../../message/name_addr.ts";
import { SipRequest } from "../../message/sip_message.ts";
import { SipUri } from "../../message/sip_uri.ts";
import { reasonPhrase } from "../../message/status.ts";
import type { Clock } from "../../runtime/clock.ts";
import { LineLimit } from "../../runtime/line_limit.ts";
import { logger } from "../../runtime/log.ts";
import type { Flow } from "../../transport/transport.ts";
import { networkOf } from "../../runtime/ip/address_words.ts";
import type { Answer } from "../answer.ts";
import type { Bans } from "./bans.ts";
import { detachText } from "../../runtime/text.ts";
import type { RefusalHistory } from "./refusal_history.ts";
import type { ServerEvents } from "../server_events.ts";
import { shownUri } from "../shown_uri.ts";

const log = logger("refused");

/** UTF-16 units of a cause, which may quote the request. */
const MAX_CAUSE_LENGTH = 256;
/** UTF-16 units of the start line of a malformed request that are examined. */
const MAX_START_LINE_LENGTH = 512;
/** UTF-16 units of a method or user name in an event. */
const MAX_NAME_LENGTH = 64;

export interface RefusalLogParts {
  readonly clock: Clock;
  readonly events: ServerEvents;
  /** Hears what is held against a source. */
  readonly bans?: Pick<Bans, "blame">;
  /** Remembers the last refusals. */
  readonly history?: RefusalHistory;
}

/** A refused request as log and events show it. */
interface Refusal {
  readonly method: string;
  readonly from: string;
  readonly to: string;
}

export class RefusalLog {
  readonly #clock: Clock;
  readonly #events: ServerEvents;
  readonly #bans: RefusalLogParts["bans"];
  readonly #history: RefusalHistory | undefined;
  readonly #lines: LineLimit;

  constructor({ clock, events, bans, history }: RefusalLogParts) {
    this.#clock = clock;
    this.#events = events;
    this.#bans = bans;
    this.#history = history;
    this.#lines = new LineLimit({
      clock,
      onSuppressed: (source, count) =>
        log.info("Refused {count} more requests from {source} within a minute", { count, source }),
    });
  }

  /** Reports an answer if it is a refusal. */
  note(request: HeaderRows | undefined, flow: Flow, answer: Answer): void {
    const { status, cause, username, account, isLimit = false, limit, offence } = answer;
    if (offence) this.#bans?.blame(flow, offence, account);
    if (status < 300 || isNegotiation(answer)) return;
    // An idle NOTIFY is how some phones keep a NAT mapping alive.
    if (status === 405 && request instanceof SipRequest && request.method === "NOTIFY") return;
    const isLogged = this.#lines.admits(networkOf(flow.remoteAddress));
    if (!isLogged && !this.#events.isHeard && !this.#history) return;
    const refusal = request && refusalOf(request);
    const phrase = answer.reason ?? reasonPhrase(status);
    const reason = (cause ?? phrase).slice(0, MAX_CAUSE_LENGTH);
    if (isLogged) {
      const { remoteAddress, remotePort, protocol } = flow;
      log.info(username === undefined ? lineOf(refusal) : FAILURE, {
        ...refusal,
        source: `${protocol} ${remoteAddress}:${remotePort}`,
        status,
        phrase,
        why: cause === undefined ? "" : ` (${reason})`,
        username: shownName(username ?? ""),
      });
    }
    this.#remember({ refusal, status, cause: reason, user: username ?? userOf(refusal) }, flow);
    const type = username === undefined ? "request.denied" : "authentication.failed";
    this.#events.refused(isLimit ? "call.limited" : type, {
      address: flow.remoteAddress,
      transport: flow.protocol,
      ...username !== undefined && { username: username.slice(0, MAX_NAME_LENGTH) },
      ...refusal,
      status,
      reason,
      ...limit !== undefined && { limit },
    });
  }

  /** Reports a request that gets no answer. */
  ignored(request: SipRequest, flow: Flow, cause: string): void {
    const refusal = refusalOf(request);
    this.#remember({ refusal, status: 0, cause, user: userOf(refusal) }, flow);
    if (!this.#lines.admits(networkOf(flow.remoteAddress))) return;
    const source = `${flow.protocol} ${flow.remoteAddress}:${flow.remotePort}`;
    log.info("Ignored {method} of {from} from {source} to {to}: {cause}", { ...refusal, source, cause });
  }

  /** Texts are detached: they would keep the whole message. */
  #remember(
    { refusal = NOTHING, status, cause, user }: {
      refusal?: Refusal;
      status: number;
      cause: string;
      user: string;
    },
    flow: Flow,
  ): void {
    if (!this.#history) return;
    this.#history.add({
      time: this.#clock.wallTime(),
      address: flow.remoteAddress,
      port: flow.remotePort,
      transport: flow.protocol,
      method: detachText(refusal.method),
      from: detachText(refusal.from),
      to: detachText(refusal.to),
      status,
      cause: detachText(cause),
    }, user);
  }

  /** Logs the number of lines left out so far. */
  close(): void {
    this.#lines.close();
  }
}

const NOTHING: Refusal = { method: "", from: "", to: "" };

/** Returns the user who is said to send a request; "" for nobody. */
function userOf(refusal: Refusal | undefined): string {
  return refusal === undefined ? "" : SipUri.parse(refusal.from)?.userText ?? "";
}

/** Programs such as fail2ban read it (docs/security.md), so the name comes in an alphabet that cannot imitate the rest. */
const FAILURE = "Authentication failed: {username} from {source} ({method}): {status} {phrase}{why}";

function lineOf(refusal: Refusal | undefined): string {
  return refusal === undefined
    ? "Refused a message from {source}: {status} {phrase}{why}"
    : "Refused {method} of {from} from {source} to {to}: {status} {phrase}{why}";
}

function shownName(username: string): string {
  return username.slice(0, MAX_NAME_LENGTH).replace(/[^\w.+@*#-]/g, "?") || "?";
}

/** Reports whether the client goes on by itself: after a first challenge, or a 423. */
function isNegotiation({ status, cause }: Answer): boolean {
  return status === 423 || (status === 401 || status === 407) && cause === undefined;
}

function refusalOf(request: HeaderRows): Refusal {
  if (!(request instanceof SipRequest)) return malformedOf(request);
  const { method, from, uri, requestUri } = request;
  return {
    method: method.slice(0, MAX_NAME_LENGTH),
    from: shownUri(from),
    to: shownUri({ uri, uriText: requestUri }),
  };
}

/** Reads what it can from a request that breaks the grammar. */
function malformedOf(request: HeaderRows): Refusal {
  const [method, to = ""] = request.text.slice(0, MAX_START_LINE_LENGTH).trimStart().split(/\s+/, 2);
  const from = request.header(Header.From) ?? "";
  const uriText = parseNameAddr(from, 0, from.length)?.uriText ?? from;
  return {
    method: method.slice(0, MAX_NAME_LENGTH),
    from: shownUri({ uri: undefined, uriText }),
    to: shownUri({ uri: undefined, uriText: to }),
  };
}
