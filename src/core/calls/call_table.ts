/** The calls through this server (`GET /calls`): dialogs that began with an INVITE here. */
import { Header } from "../../message/header_name.ts";
import type { SipRequest, SipResponse } from "../../message/sip_message.ts";
import type { Clock } from "../../runtime/clock.ts";
import { LinkedSet } from "../../runtime/linked_set.ts";
import type { Counter, Metrics } from "../../runtime/metrics.ts";
import { TextMap } from "../../runtime/text_map.ts";
import type { Timer, TimerWheel } from "../../runtime/timer_wheel.ts";
import type { LimitRefusals } from "../access/limit_refusal.ts";
import type { CallRecord, Dialog } from "../dialogs/dialog.ts";
import type { FailureCause, ForwardingObserver } from "../proxy/forwarding_observer.ts";
import type { ServerEvents } from "../server_events.ts";
import type { Call, CallBeginning, CallEnd } from "./call.ts";
import { CallTally } from "./call_tally.ts";
import { CallEvent } from "./call_event.ts";
import type { CallEnding, EndingWords } from "./call_ending.ts";
import { CallLog } from "./call_log.ts";
import {
  CallProgress,
  type CallProgressHost,
  dialogId,
  dialogIdOf,
  identityOf,
  shownText,
} from "./call_progress.ts";
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
  /** Counts what limits have ended. */
  readonly limits?: Pick<LimitRefusals, "count"> | undefined;
}

/** What the ends of a call hear when it is ended from here. */
const TOO_LONG: EndingWords = { status: 408, text: "The longest time of a call is over" };
const BY_OPERATOR: EndingWords = { status: 487, text: "Ended by an operator" };

/** Each forwarded INVITE is a call of its own, even with Call-ID and tag of another one: no call escapes the records. */
export class CallTable implements CallProgressHost {
  readonly tally = new CallTally();
  readonly #parts: CallTableParts;
  /** The call that was silent for longest comes first. */
  readonly #calls = new LinkedSet<CallProgress>();
  /** Answered calls by the ids of their dialogs. */
  readonly #dialogs = new TextMap<readonly CallProgress[]>();
  #ending: Pick<CallEnding, "hangUp" | "cancel"> | undefined;
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
    const identity = identityOf(request);
    const call = this.#add(new CallProgress(this, { identity, beginning, now, startedAt: wallTime }));
    this.#started.value++;
    this.#log.started(call);
    if (events.isHeard) events.publish(new CallEvent(call, wallTime));
    return call;
  }

  /** Takes over the answered calls of dialogs that were kept over a restart. */
  restore(dialogs: readonly Dialog[]): void {
    const calls = new Map<string, CallProgress>();
    for (const dialog of dialogs) {
      const record = dialog.call?.record;
      if (record === undefined) continue;
      const known = calls.get(record.id);
      const call = known ?? this.#add(this.#restored(record, dialog));
      calls.set(record.id, call);
      this.#followId(call, dialogIdOf(dialog));
      call.onDialog(dialog);
    }
  }

  #restored(record: CallRecord, dialog: Dialog): CallProgress {
    const { clock } = this.#parts;
    const { answeredAt, endsAt, startedAt, ...rest } = record;
    const call = new CallProgress(this, {
      identity: { ...rest, dialogPrefix: dialogIdOf(dialog) },
      beginning: {
        ...rest,
        account: record.account,
        gatewayRef: record.gatewayRef,
        didRef: record.didRef,
        maxSeconds: endsAt === undefined ? undefined : Math.ceil((endsAt - answeredAt) / 1000),
      },
      now: clock.now(),
      startedAt,
    });
    call.state = "answered";
    call.answeredAt = answeredAt;
    if (endsAt !== undefined) this.#startTimer(call, Math.max(0, endsAt - clock.wallTime()));
    return call;
  }

  #add(call: CallProgress): CallProgress {
    this.#calls.add(call);
    this.tally.add(call);
    if (!this.#sweep.isRunning) this.#sweep.start(SWEEP_INTERVAL_MS);
    return call;
  }

  #startTimer(call: CallProgress, delayMs: number): void {
    call.timer = this.#parts.wheel.timerOf(call);
    call.timer.start(delayMs);
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
    } else if (call.maxSeconds !== undefined) this.#startTimer(call, 1000 * call.maxSeconds);
  }

  onTooLong(call: CallProgress): void {
    const { clock, events, limits } = this.#parts;
    if (!this.#calls.has(call)) return;
    const reason = `It has lasted for ${call.maxSeconds} s`;
    limits?.count("maxCallSeconds");
    const { id, from, to, address, transport, gatewayRef } = call;
    const shown = { id, from, to, address, transport, gatewayRef };
    events.emit("call.limited", { ...shown, status: 200, reason, limit: "maxCallSeconds" });
    this.#ending?.hangUp(call.legs, TOO_LONG);
    const at = clock.wallTime();
    this.#end(call, { cause: "too long", status: 200, reason, endedBy: "server", at });
  }

  /** Ends a call for an operator; false when there is none with this id. */
  hangUp(id: string): boolean {
    for (const call of this.#calls) {
      if (call.id !== id) continue;
      const at = this.#parts.clock.wallTime();
      const end = { cause: "operator hung up", endedBy: "operator", at } as const;
      if (call.state === "answered") {
        this.#ending?.hangUp(call.legs, BY_OPERATOR);
        this.#end(call, { ...end, status: 200, reason: BY_OPERATOR.text });
      } else {
        call.ending = { ...end, status: 480, reason: BY_OPERATOR.text };
        this.#ending?.cancel(call, BY_OPERATOR);
      }
      return true;
    }
    return false;
  }

  /** Sets who ends calls. Called once, before the first call. */
  attach(ending: Pick<CallEnding, "hangUp" | "cancel">): void {
    this.#ending = ending;
  }

  onFailed(call: CallProgress, status: number, { reason, isRemote }: FailureCause): void {
    if (call.state === "answered" || !this.#calls.has(call)) return;
    this.#failed.value++;
    const callee = call.direction === "outbound" ? "gateway" : "callee";
    if (call.ending) return this.#end(call, call.ending);
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

  /** Ends every call as not observed, but for those that are kept: their end is told after the next start. */
  close({ keepsDialogs = false } = {}): void {
    this.#sweep.stop();
    for (const call of this.#calls) {
      if (keepsDialogs && call.legs.length > 0) call.timer?.stop();
      else this.#end(call, unseen("not observed", call, "The server stops"));
    }
    this.#log.close();
  }

  #follow(call: CallProgress, calleeTag: string): void {
    if (call.dialogs.length >= MAX_DIALOGS) return;
    this.#followId(call, call.dialogWith(calleeTag));
  }

  #followId(call: CallProgress, id: string): void {
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
    call.timer?.stop();
    this.tally.remove(call);
    for (const id of call.dialogs) this.#forget(call, id);
    for (const dialog of call.legs) dialog.call = undefined;
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
