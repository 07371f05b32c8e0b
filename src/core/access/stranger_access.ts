/** What strangers may do (`spec.access`), as the steps of a request see it: limits by source, bans, slowed accounts. */
import { Header } from "../../message/header_name.ts";
import type { SipRequest } from "../../message/sip_message.ts";
import { repeat } from "../../runtime/clock.ts";
import { logger } from "../../runtime/log.ts";
import type { Counter } from "../../runtime/metrics.ts";
import type { Flow } from "../../transport/transport.ts";
import { AccountGuesses } from "./account_guesses.ts";
import type { AccessSettings } from "./access_settings.ts";
import { Bans, type BansParts } from "./bans.ts";
import { SourceLimits, type SourceLimitsParts } from "./source_guard.ts";

export type StrangerAccessParts = Omit<BansParts, "sources"> & SourceLimitsParts;

/** UTF-16 units of a User-Agent that are examined. */
const MAX_USER_AGENT_LENGTH = 256;
const REPORT_MS = 60_000;
const HTTP_REQUEST = /^(?:GET|POST|HEAD|PUT|DELETE|OPTIONS|CONNECT|PRI) (?!sips?:)\S+ HTTP\//;

const log = logger("access");

export class StrangerAccess {
  readonly sources: SourceLimits;
  readonly bans: Bans;
  readonly guesses: AccountGuesses;
  readonly #scanners: Counter;
  readonly #endReports: () => void;
  #reported = 0;
  #settings: AccessSettings;

  constructor(parts: StrangerAccessParts) {
    this.#settings = parts.settings;
    this.sources = new SourceLimits(parts);
    this.bans = new Bans({ ...parts, sources: this.sources });
    this.guesses = new AccountGuesses(parts);
    this.#scanners = parts.metrics.counter(
      "routr_scanner_messages_total",
      "Requests dropped because their User-Agent is that of a scanner",
    );
    this.#endReports = repeat(() => this.#report(), { intervalMs: REPORT_MS, clock: parts.clock });
  }

  /** Whether anybody is limited or banned. */
  get isOn(): boolean {
    return this.#settings.isOn;
  }

  /** Puts other settings in force. */
  change(settings: AccessSettings): void {
    this.#settings = settings;
    for (const part of [this.sources, this.bans, this.guesses]) part.change(settings);
  }

  /** Somebody was served by a flow. */
  served(flow: Flow): void {
    flow.markEstablished?.();
    this.sources.know(flow.remoteAddress);
  }

  /** Reports whether a request is from a scanner, which is to hear nothing, and holds it against its address if it is proved. */
  isScanner(request: SipRequest, flow: Flow): boolean {
    if (!this.#settings.isOn || flow.isEstablished) return false;
    const userAgent = request.header(Header.UserAgent);
    if (userAgent === undefined) return false;
    const name = userAgent.slice(0, MAX_USER_AGENT_LENGTH).toLowerCase();
    if (!this.#settings.scanners.some((word) => name.includes(word))) return false;
    this.#scanners.value++;
    if (flow.isConnection) this.bans.blame(flow, "scanner");
    return true;
  }

  /** A message broke the grammar; by a connection its sender is proved. */
  onMalformed(text: string, flow: Flow): void {
    if (flow.isConnection && !flow.isEstablished) {
      this.bans.blame(flow, HTTP_REQUEST.test(text.slice(0, 512)) ? "HTTP" : "malformed messages");
    }
  }

  close(): void {
    this.#endReports();
  }

  /** Silence towards strangers is told to the operator. */
  #report(): void {
    const dropped = this.sources.dropped - this.#reported;
    this.#reported += dropped;
    if (dropped > 0) log.info("Dropped {dropped} messages of strangers within a minute, unread", { dropped });
  }

  /** Reports whether phones were served lately where a flow comes from. */
  isKnownSource(flow: Flow): boolean {
    return flow.isEstablished === true || this.sources.isKnown(flow.remoteAddress);
  }
}
