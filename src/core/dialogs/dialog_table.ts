/** The living dialogs through this server (§12, RFC 5057). */
import { hash } from "node:crypto";
import type { SipRequest } from "../../message/sip_message.ts";
import { BoundedTextMap } from "../../runtime/bounded_map.ts";
import type { Clock } from "../../runtime/clock.ts";
import { cut, detachText } from "../../runtime/text.ts";
import type { Metrics } from "../../runtime/metrics.ts";
import type { Timer, TimerWheel } from "../../runtime/timer_wheel.ts";
import type { DialogRoute } from "../proxy/dialog_route.ts";
import { Dialog, type DialogEnd, MAX_TEXT_LENGTH } from "./dialog.ts";

/** Dialogs remembered; the one that was silent for longest makes room. */
const MAX_DIALOGS = 100_000;
/** Silence after which a call is forgotten. */
const MAX_SILENCE_MS = 24 * 3_600_000;
const SWEEP_INTERVAL_MS = 60_000;
/** Digits of a flow token, its signature, that distinguish passages of one dialog. */
const SIGNATURE_LENGTH = 16;

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
    const known = this.#dialogs.get(idOf(key));
    if (known || isByCaller || request.method !== "NOTIFY") return known;
    const awaited = this.#dialogs.get(idOf({ ...key, calleeTag: "" }));
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
    return this.add(new Dialog(detachText(id), parts));
  }

  add(dialog: Dialog): Dialog {
    if (this.#dialogs.isFull) {
      const [[, silent]] = this.#dialogs;
      this.remove(silent);
    }
    this.#dialogs.set(dialog.id, dialog);
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
    this.#onChange(dialog);
  }

  close(): void {
    this.#sweep.stop();
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
  return `${bounded(callId)}\n${bounded(callerTag)}\n${bounded(calleeTag)}\n${
    cut(flowToken, 0, SIGNATURE_LENGTH)
  }`;
}

function bounded(text: string): string {
  return text.length <= MAX_TEXT_LENGTH ? text : hash("sha256", text);
}
