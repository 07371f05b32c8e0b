/** The living dialogs through this server (§12, RFC 5057). */
import type { SipRequest } from "../../message/sip_message.ts";
import { BoundedTextMap } from "../../runtime/bounded_map.ts";
import type { Clock } from "../../runtime/clock.ts";
import { hashText, tableHash } from "../../runtime/table_hash.ts";
import { beginsWith, codeAt, cut, detachText, indexIn } from "../../runtime/text.ts";
import type { Metrics } from "../../runtime/metrics.ts";
import type { Timer, TimerWheel } from "../../runtime/timer_wheel.ts";
import type { DialogRoute } from "../proxy/dialog_route.ts";
import { boundedForId, Dialog, type DialogEnd } from "./dialog.ts";

/** Dialogs remembered; the one that was silent for longest makes room. */
const MAX_DIALOGS = 100_000;
/** Silence after which a call is forgotten. */
const MAX_SILENCE_MS = 24 * 3_600_000;
const SWEEP_INTERVAL_MS = 60_000;
/** Digits of a flow token, its signature, that distinguish passages of one dialog. */
const SIGNATURE_LENGTH = 16;
/** Dialogs found without a text that is made of their key; of two in one slot the later one. */
const SLOTS = 1 << 12;
const LINE_FEED = 10;

export interface DialogTableParts {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly metrics: Metrics;
}

/** The identity of a dialog. */
export interface DialogKey {
  readonly callId: string;
  readonly callerTag: string;
  /** "" before the answer to a request that begins a subscription. */
  readonly calleeTag: string;
  readonly flowToken: string;
}

export class DialogTable {
  readonly #clock: Clock;
  /** By id; the dialog that was silent for longest comes first. */
  readonly #dialogs = new BoundedTextMap<Dialog>(MAX_DIALOGS);
  /** The latest of these, by hash of their Call-ID. */
  readonly #latest = new Array<Dialog | undefined>(SLOTS).fill(undefined);
  readonly #sweep: Timer;
  #onChange: (dialog: Dialog) => void = () => {};

  constructor({ clock, wheel, metrics }: DialogTableParts) {
    this.#clock = clock;
    this.#sweep = wheel.timer(() => this.#forgetSilent());
    metrics.gauge("routr_dialogs", "Dialogs that go through this server", () => this.#dialogs.size);
  }

  get now(): number {
    return this.#clock.now();
  }

  has(dialog: Dialog): boolean {
    return this.#dialogs.get(dialog.id) === dialog;
  }

  /** Calls `listener` with each dialog that has begun, changed or ended. It replaces the former one, and must not throw. */
  onChange(listener: (dialog: Dialog) => void): void {
    this.#onChange = listener;
  }

  /** Returns the dialog of a request that came by our Route entry; a NOTIFY may begin it (RFC 6665 §4.4.1). */
  find(request: SipRequest, route: DialogRoute): Dialog | undefined {
    const { callId, from, to } = request;
    const isByCaller = route.to === "callee";
    const key = {
      callId,
      callerTag: isByCaller ? from.tag : to.tag,
      calleeTag: isByCaller ? to.tag : from.tag,
      flowToken: route.token,
    };
    const known = this.#get(key);
    if (known || isByCaller || request.method !== "NOTIFY") return known;
    const awaited = this.#get({ ...key, calleeTag: "" });
    return awaited && this.open(key, awaited);
  }

  /** Takes notice of a request: the dialog is the last one to be forgotten. */
  touch(dialog: Dialog): void {
    const { now } = this;
    // A minute is exact enough.
    if (now - dialog.lastRequestAt < SWEEP_INTERVAL_MS || !this.has(dialog)) return;
    this.#dialogs.set(dialog.id, dialog);
    dialog.lastRequestAt = now;
  }

  /** Returns the dialog with a key, which begins now unless it exists. */
  open(key: DialogKey, ends: { caller: DialogEnd; callee: DialogEnd }): Dialog {
    const id = idOf(key);
    const known = this.#dialogs.get(id);
    if (known) return known;
    const { caller, callee } = ends;
    const parts = {
      flowToken: detachText(key.flowToken),
      caller: { ...caller },
      callee: { ...callee },
      now: this.now,
    };
    return this.add(new Dialog(id, parts));
  }

  add(dialog: Dialog): Dialog {
    if (this.#dialogs.isFull) {
      const [[, silent]] = this.#dialogs;
      this.remove(silent);
    }
    this.#dialogs.set(dialog.id, dialog);
    this.#latest[slotOf(dialog.id)] = dialog;
    if (!this.#sweep.isRunning) this.#sweep.start(SWEEP_INTERVAL_MS);
    return dialog;
  }

  changed(dialog: Dialog): void {
    if (this.has(dialog)) this.#onChange(dialog);
  }

  /** Removes a dialog unless a usage keeps it alive. */
  release(dialog: Dialog): void {
    if (dialog.isAlive(this.now)) this.changed(dialog);
    else this.remove(dialog);
  }

  remove(dialog: Dialog): void {
    if (!this.has(dialog)) return;
    this.#dialogs.delete(dialog.id);
    const slot = slotOf(dialog.id);
    if (this.#latest[slot] === dialog) this.#latest[slot] = undefined;
    this.#onChange(dialog);
  }

  close(): void {
    this.#sweep.stop();
  }

  #get(key: DialogKey): Dialog | undefined {
    const latest = this.#latest[slotOf(key.callId)];
    return latest && isIdOf(latest.id, key) ? latest : this.#dialogs.get(idOf(key));
  }

  #forgetSilent(): void {
    const { now } = this;
    for (const [, dialog] of this.#dialogs) {
      if (!dialog.isAlive(now) || dialog.lastRequestAt < now - MAX_SILENCE_MS) this.remove(dialog);
    }
    if (this.#dialogs.size > 0) this.#sweep.start(SWEEP_INTERVAL_MS);
  }
}

/** Returns the id of a dialog. Neither a Call-ID nor a tag contains a line feed. */
function idOf({ callId, callerTag, calleeTag, flowToken }: DialogKey): string {
  return `${boundedForId(callId)}\n${boundedForId(callerTag)}\n${boundedForId(calleeTag)}\n${
    cut(flowToken, 0, SIGNATURE_LENGTH)
  }`;
}

/** Reports whether an id is that of a key; false as well when a text of the key is too long to stand in it. */
function isIdOf(id: string, { callId, callerTag, calleeTag, flowToken }: DialogKey): boolean {
  const callerAt = callId.length + 1;
  const calleeAt = callerAt + callerTag.length + 1;
  const tokenAt = calleeAt + calleeTag.length + 1;
  return id.length === tokenAt + SIGNATURE_LENGTH && codeAt(id, callerAt - 1) === LINE_FEED &&
    codeAt(id, calleeAt - 1) === LINE_FEED && codeAt(id, tokenAt - 1) === LINE_FEED &&
    beginsWith(id, callId) && beginsWith(id, callerTag, callerAt) && beginsWith(id, calleeTag, calleeAt) &&
    beginsWith(flowToken, cut(id, tokenAt));
}

/** Returns the slot of a Call-ID, or of an id, which begins with it. */
function slotOf(id: string): number {
  const end = indexIn(id, "\n");
  return tableHash(hashText(id, 0, 0, end < 0 ? id.length : end)) & (SLOTS - 1);
}
