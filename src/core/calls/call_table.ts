/** The calls that go through this server (`GET /calls`): dialogs that an INVITE began here. */
import type { SipRequest, SipResponse } from "../../message/sip_message.ts";
import type { Clock } from "../../runtime/clock.ts";
import { detachText } from "../../runtime/detached_text.ts";
import type { Counter, Metrics } from "../../runtime/metrics.ts";
import { randomToken } from "../../runtime/random.ts";
import type { Timer, TimerWheel } from "../../runtime/timer_wheel.ts";
import type { ServerEvents } from "../server_events.ts";
import type { Call, CallBeginning, CallEnd, CallState } from "./call.ts";

/** Calls that are remembered; of more, the one that was heard of longest ago is given up. */
const MOST_CALLS = 100_000;
/** Milliseconds without a request after which a call is given up: session timers and people are shorter. */
const LONGEST_SILENCE = 12 * 3600_000;
const SWEEP_INTERVAL = 60_000;
/** UTF-16 units of a URI that is shown. */
const LONGEST_URI = 256;
/** Answers of a forked INVITE that are told apart. */
const MOST_DIALOGS = 16;

export interface CallTableParts {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly metrics: Metrics;
  readonly events: ServerEvents;
}

/** A call under way, as the proxy core tells of it. */
export class CallProgress implements Call {
  readonly id = randomToken();
  readonly callId: string;
  readonly from: string;
  readonly to: string;
  readonly direction: Call["direction"];
  readonly gatewayRef: string | undefined;
  readonly didRef: string | undefined;
  readonly startedAt: number;
  /** Call-ID and the caller's tag: a dialog has them whoever sends the request. */
  readonly key: string;
  /** Whether what follows comes by here as well. */
  isRecorded = false;
  isCanceled = false;
  heardOf: number;
  state: CallState = "trying";
  answeredAt: number | undefined;
  /** Tags of those who have answered and not hung up. */
  readonly dialogs = new Set<string>();

  constructor(request: SipRequest, beginning: CallBeginning, times: { now: number; wallTime: number }) {
    this.callId = detachText(request.callId);
    this.from = shownUri(request.from.uriText);
    this.to = shownUri(request.to.uriText);
    this.direction = beginning.direction;
    this.gatewayRef = beginning.gatewayRef;
    this.didRef = beginning.didRef;
    this.startedAt = times.wallTime;
    this.heardOf = times.now;
    this.key = keyOf(this.callId, detachText(request.from.tag));
  }
}

export class CallTable {
  readonly #parts: CallTableParts;
  /** Who was heard of longest ago comes first. */
  readonly #calls = new Map<string, CallProgress>();
  readonly #sweep: Timer;
  readonly #started: Counter;
  readonly #answered: Counter;
  readonly #failed: Counter;

  constructor(parts: CallTableParts) {
    this.#parts = parts;
    this.#sweep = parts.wheel.timer(() => this.#giveUpSilent());
    const { metrics } = parts;
    this.#started = metrics.counter("routr_calls_total", "Calls that were forwarded");
    this.#answered = metrics.counter("routr_calls_answered_total", "Calls that were answered");
    this.#failed = metrics.counter("routr_calls_failed_total", "Calls that ended without an answer");
    metrics.gauge("routr_calls_active", "Calls under way", () => this.#calls.size);
  }

  list(): readonly Call[] {
    return [...this.#calls.values()];
  }

  /** Calls that are being set up. */
  get pending(): number {
    let count = 0;
    for (const { state } of this.#calls.values()) if (state !== "answered") count++;
    return count;
  }

  /** An INVITE that begins a dialog is forwarded. Undefined if the call is known: it was forwarded before. */
  begin(request: SipRequest, beginning: CallBeginning): CallProgress | undefined {
    const { clock } = this.#parts;
    const call = new CallProgress(request, beginning, { now: clock.now(), wallTime: clock.wallTime() });
    if (this.#calls.has(call.key)) return undefined;
    if (this.#calls.size >= MOST_CALLS) {
      const [oldest] = this.#calls.values();
      this.#end(oldest, { cause: "lost", status: 0 });
    }
    this.#calls.set(call.key, call);
    if (!this.#sweep.running) this.#sweep.start(SWEEP_INTERVAL);
    this.#started.value++;
    if (this.#parts.events.isHeard) this.#parts.events.emit("call.started", shownCall(call));
    return call;
  }

  ringing(call: CallProgress): void {
    if (call.state === "trying") call.state = "ringing";
  }

  /** A success goes to the caller; of a forked call there may be several. */
  answered(call: CallProgress, response: SipResponse): void {
    if (call.dialogs.size < MOST_DIALOGS) call.dialogs.add(detachText(response.to?.tag ?? ""));
    if (call.state === "answered" || this.#calls.get(call.key) !== call) return;
    call.state = "answered";
    call.answeredAt = this.#parts.clock.wallTime();
    this.#answered.value++;
    if (this.#parts.events.isHeard) this.#parts.events.emit("call.answered", shownCall(call));
    if (!call.isRecorded) this.#end(call, { cause: "not observed", status: response.status });
  }

  /** The caller was told that there is no success. */
  failed(call: CallProgress, status: number): void {
    if (call.state === "answered") return;
    this.#failed.value++;
    this.#end(call, { cause: call.isCanceled ? "canceled" : "rejected", status });
  }

  /** A request within a dialog goes through. */
  onRequest(request: SipRequest): void {
    const { callId, from, to, method } = request;
    const ofCaller = this.#calls.get(keyOf(callId, from.tag));
    const call = ofCaller ?? this.#calls.get(keyOf(callId, to.tag));
    if (call === undefined) return;
    const callee = ofCaller ? to.tag : from.tag;
    if (!call.dialogs.has(callee)) return;
    if (method === "BYE") {
      call.dialogs.delete(callee);
      // A fork that was answered twice goes on with the other one.
      if (call.dialogs.size === 0) {
        this.#end(call, { cause: ofCaller ? "caller hung up" : "callee hung up", status: 200 });
      }
      return;
    }
    call.heardOf = this.#parts.clock.now();
    this.#calls.delete(call.key);
    this.#calls.set(call.key, call);
  }

  close(): void {
    this.#sweep.stop();
  }

  #end(call: CallProgress, { cause, status }: Omit<CallEnd, "endedAt">): void {
    if (this.#calls.get(call.key) !== call) return;
    this.#calls.delete(call.key);
    const { clock, events } = this.#parts;
    if (!events.isHeard) return;
    const endedAt = clock.wallTime();
    events.emit("call.ended", {
      ...shownCall(call),
      ...durationOf(call, cause, endedAt),
      cause,
      status,
      endedAt,
    });
  }

  #giveUpSilent(): void {
    const latest = this.#parts.clock.now() - LONGEST_SILENCE;
    for (const call of this.#calls.values()) {
      if (call.heardOf > latest) break;
      this.#end(call, { cause: "lost", status: 0 });
    }
    if (this.#calls.size > 0) this.#sweep.start(SWEEP_INTERVAL);
  }
}

/** The end of a call that is not seen has no time. */
function durationOf(
  { answeredAt }: CallProgress,
  cause: CallEnd["cause"],
  endedAt: number,
): { durationMillis?: number } {
  if (cause === "not observed" || cause === "lost") return {};
  return { durationMillis: answeredAt === undefined ? 0 : endedAt - answeredAt };
}

/** What others may see of it. */
export function shownCall(call: Call): Readonly<Record<string, unknown>> {
  const { id, callId, from, to, direction, gatewayRef, didRef, state, startedAt, answeredAt } = call;
  return {
    id,
    callId,
    from,
    to,
    direction,
    ...gatewayRef !== undefined && { gatewayRef },
    ...didRef !== undefined && { didRef },
    state,
    startedAt,
    ...answeredAt !== undefined && { answeredAt },
  };
}

function keyOf(callId: string, tag: string): string {
  return `${callId} ${tag}`;
}

/** Without password and parameters, which are nobody's business here. */
function shownUri(uri: string): string {
  return detachText(
    uri.slice(0, LONGEST_URI).replace(/[;?].*$/s, "").replace(/^(sips?:[^:@]*):[^@]*@/i, "$1@"),
  );
}
