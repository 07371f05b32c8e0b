/** The calls through this server (`GET /calls`): dialogs that began with an INVITE here. */
import { Header } from "../../message/header_name.ts";
import type { SipRequest, SipResponse } from "../../message/sip_message.ts";
import type { Clock } from "../../runtime/clock.ts";
import { LinkedSet } from "../../runtime/linked_set.ts";
import type { Counter, Metrics } from "../../runtime/metrics.ts";
import { TextMap } from "../../runtime/text_map.ts";
import type { Timer, TimerWheel } from "../../runtime/timer_wheel.ts";
import type { FailureCause, ForwardingObserver } from "../proxy/forwarding_observer.ts";
import type { ServerEvents } from "../server_events.ts";
import type { Call, CallBeginning, CallEnd } from "./call.ts";
import { CallTally } from "./call_tally.ts";
import { CallEvent } from "./call_event.ts";
import { CallLog } from "./call_log.ts";
import { CallProgress, type CallProgressHost, dialogId, shownText } from "./call_progress.ts";
import { type EndedCall, EndedCalls } from "./ended_calls.ts";

/** Calls remembered; the one that was silent for longest makes room. */
const MAX_CALLS = 100_000;
/** Silence after which a call counts as lost; session timers are shorter. */
const MAX_SILENCE_MS = 12 * 3600_000;
const SWEEP_INTERVAL_MS = 60_000;
/** Dialogs remembered of a forked INVITE. */
const MAX_DIALOGS = 16;
/** Passages of one dialog through this server: another proxy may send the INVITE back. */
const MAX_PASSAGES = 4;

export interface CallTableParts {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly metrics: Metrics;
  readonly events: ServerEvents;
}

/** Each forwarded INVITE is a call of its own, even with Call-ID and tag of another one: no call escapes the records. */
export class CallTable implements CallProgressHost {
  readonly tally = new CallTally();
  readonly #parts: CallTableParts;
  /** The call that was silent for longest comes first. */
  readonly #calls = new LinkedSet<CallProgress>();
  /** Answered calls by the ids of their dialogs. */
  readonly #dialogs = new TextMap<readonly CallProgress[]>();
  readonly #ended = new EndedCalls();
  readonly #log: CallLog;
  readonly #sweep: Timer;
  readonly #started: Counter;
  readonly #answered: Counter;
  readonly #failed: Counter;

  constructor(parts: CallTableParts) {
    this.#parts = parts;
    this.#log = new CallLog(parts.clock);
    this.#sweep = parts.wheel.timer(() => this.#endSilent());
    const { metrics } = parts;
    this.#started = metrics.counter("routr_calls_total", "Calls that were forwarded");
    this.#answered = metrics.counter("routr_calls_answered_total", "Calls that were answered");
    this.#failed = metrics.counter("routr_calls_failed_total", "Calls that ended without an answer");
    metrics.gauge("routr_calls_active", "Calls under way", () => this.#calls.size);
  }

  list(): readonly Call[] {
    return [...this.#calls];
  }

  /** Returns the calls that have ended lately, latest first. */
  listEnded(): readonly EndedCall[] {
    return this.#ended.list();
  }

  /** The number of calls in set-up. */
  get pending(): number {
    let count = 0;
    for (const { state } of this.#calls) if (state !== "answered") count++;
    return count;
  }

  /** Begins a call: an INVITE outside of a dialog is forwarded. */
  begin(request: SipRequest, beginning: CallBeginning): CallProgress {
    const { clock, events } = this.#parts;
    const { oldest } = this.#calls;
    if (oldest && this.#calls.size >= MAX_CALLS) this.#end(oldest, unseen("lost", oldest, "Too many calls"));
    const now = clock.now();
    const wallTime = clock.wallTime();
    const call = new CallProgress(this, { request, beginning, now, wallTime });
    this.#calls.add(call);
    this.tally.add(call);
    if (!this.#sweep.isRunning) this.#sweep.start(SWEEP_INTERVAL_MS);
    this.#started.value++;
    this.#log.started(call);
    if (events.isHeard) events.publish(new CallEvent(call, wallTime));
    return call;
  }

  onAnswered(call: CallProgress, response: SipResponse): void {
    const { clock, events } = this.#parts;
    if (!this.#calls.has(call)) return;
    // Without Record-Route in the answer (§12.1.1), further requests take another path.
    if (call.isRecorded && response.has(Header.RecordRoute)) this.#follow(call, response.to?.tag ?? "");
    if (call.state === "answered") return;
    call.state = "answered";
    call.answeredAt = clock.wallTime();
    this.#answered.value++;
    this.#log.answered(call);
    if (events.isHeard) events.publish(new CallEvent(call, call.answeredAt));
    if (call.dialogs.length === 0) {
      this.#end(call, unseen("not observed", call, "Not in the path of the call"));
    }
  }

  onFailed(call: CallProgress, status: number, { reason, isRemote }: FailureCause): void {
    if (call.state === "answered" || !this.#calls.has(call)) return;
    this.#failed.value++;
    const callee = call.direction === "outbound" ? "gateway" : "callee";
    const outcome = call.isCanceled
      ? { cause: "canceled", endedBy: "caller" } as const
      : { cause: "rejected", endedBy: isRemote ? callee : "server" } as const;
    const at = this.#parts.clock.wallTime();
    this.#end(call, { ...outcome, status, reason: shownText(reason), at });
  }

  /** Takes notice of a request within a dialog. A BYE is observed, as its response decides whether the call ends. */
  onRequest({ callId, from, to, method }: SipRequest): ForwardingObserver | undefined {
    const callersId = dialogId(callId, from.tag, to.tag);
    const callsOfCaller = this.#dialogs.get(callersId);
    const id = callsOfCaller ? callersId : dialogId(callId, to.tag, from.tag);
    const calls = callsOfCaller ?? this.#dialogs.get(id);
    if (calls === undefined) return undefined;
    if (method === "BYE") {
      const endedBy = callsOfCaller ? "caller" : "callee";
      const at = this.#parts.clock.wallTime();
      return this.#hangUp(id, { cause: `${endedBy} hung up`, status: 200, reason: "OK", endedBy, at });
    }
    const now = this.#parts.clock.now();
    for (const call of calls) {
      call.lastRequestAt = now;
      this.#calls.delete(call);
      this.#calls.add(call);
    }
    return undefined;
  }

  /** Ends every call as not observed. */
  close(): void {
    this.#sweep.stop();
    for (const call of this.#calls) this.#end(call, unseen("not observed", call, "The server stops"));
    this.#log.close();
  }

  #follow(call: CallProgress, calleeTag: string): void {
    if (call.dialogs.length >= MAX_DIALOGS) return;
    const id = call.dialogWith(calleeTag);
    const others = this.#dialogs.get(id);
    if (others && (others.length >= MAX_PASSAGES || others.includes(call))) return;
    call.dialogs = call.dialogs.length === 0 ? [id] : [...call.dialogs, id];
    this.#dialogs.set(id, others ? [...others, call] : [call]);
  }

  /**
   * Ends a dialog when its BYE succeeds. A refused BYE, out of order or without credentials, ends nothing. A dialog that
   * the other end does not know, or that gets no answer, is over (§12.2.1.2, §15.1.1).
   */
  #hangUp(id: string, end: CallEnd): ForwardingObserver {
    return new HangUp(this, id, end);
  }

  /** Ends the calls with a dialog that is over. */
  endDialog(id: string, end: CallEnd): void {
    const calls = this.#dialogs.get(id);
    if (!calls) return;
    this.#dialogs.delete(id);
    for (let i = 0; i < calls.length; i++) {
      calls[i].dialogs = without(calls[i].dialogs, id);
      // A fork with two answers goes on with the other one.
      if (calls[i].dialogs.length === 0) this.#end(calls[i], end);
    }
  }

  #forget(call: CallProgress, id: string): void {
    call.dialogs = without(call.dialogs, id);
    const others = without(this.#dialogs.get(id) ?? NO_CALLS, call);
    if (others.length > 0) this.#dialogs.set(id, others);
    else this.#dialogs.delete(id);
  }

  #end(call: CallProgress, end: CallEnd): void {
    if (!this.#calls.delete(call)) return;
    this.tally.remove(call);
    for (const id of call.dialogs) this.#forget(call, id);
    const { clock, events } = this.#parts;
    const event = new CallEvent(call, clock.wallTime(), end);
    this.#log.ended(call, end);
    this.#ended.add(event);
    events.publish(event);
  }

  #endSilent(): void {
    const latest = this.#parts.clock.now() - MAX_SILENCE_MS;
    for (const call of this.#calls) {
      if (call.lastRequestAt > latest) break;
      this.#end(call, unseen("lost", call, "No request for 12 hours"));
    }
    if (this.#calls.size > 0) this.#sweep.start(SWEEP_INTERVAL_MS);
  }
}

/** Observes a BYE. */
class HangUp implements ForwardingObserver {
  readonly #table: CallTable;
  readonly #dialogId: string;
  readonly #end: CallEnd;

  constructor(table: CallTable, dialogId: string, end: CallEnd) {
    this.#table = table;
    this.#dialogId = dialogId;
    this.#end = end;
  }

  onSuccess(): void {
    this.#table.endDialog(this.#dialogId, this.#end);
  }

  onFailure(status: number, isOurs: boolean): void {
    if (isOurs || status === 408 || status === 481) this.onSuccess();
  }
}

const NO_CALLS: readonly CallProgress[] = [];
const NOTHING: readonly never[] = [];

/** Returns a list without an element; most have one only. */
function without<T>(list: readonly T[], element: T): readonly T[] {
  if (list.length === 1 && list[0] === element) return NOTHING;
  return list.filter((each) => each !== element);
}

/** Returns the end of a call that this server does not observe. */
function unseen(cause: "lost" | "not observed", { state }: CallProgress, reason: string): CallEnd {
  return { cause, status: state === "answered" ? 200 : 0, reason, endedBy: "server" };
}
