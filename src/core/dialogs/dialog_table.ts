/** The dialogs that go through this server, for as long as they live (§12, RFC 5057). */
import { hash } from "node:crypto";
import type { SipRequest } from "../../message/sip_message.ts";
import { BoundedTextMap } from "../../runtime/bounded_map.ts";
import type { Clock } from "../../runtime/clock.ts";
import { detachText } from "../../runtime/detached_text.ts";
import type { Metrics } from "../../runtime/metrics.ts";
import type { Timer, TimerWheel } from "../../runtime/timer_wheel.ts";
import type { DialogRoute } from "../proxy/dialog_route.ts";
import { Dialog, type DialogEnd, MAX_TEXT_LENGTH } from "./dialog.ts";

/** Dialogs remembered; of more, the one that was silent for longest is forgotten. */
const MAX_DIALOGS = 100_000;
/** Milliseconds without a request after which a call is forgotten. */
const MAX_SILENCE_MS = 24 * 3_600_000;
const SWEEP_INTERVAL_MS = 60_000;
/** Characters of an entry that tell it from the others of one dialog. */
const MARK_LENGTH = 16;

export interface DialogTableParts {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly metrics: Metrics;
}

/** What tells a dialog from all others. */
export interface DialogKey {
  readonly callId: string;
  readonly callerTag: string;
  /** "" while nobody has answered a request that begins a subscription. */
  readonly calleeTag: string;
  readonly entry: string;
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

  /** Calls back with each dialog that has begun, changed or ended. One listener; must not throw. */
  onChange(listener: (dialog: Dialog) => void): void {
    this.#onChange = listener;
  }

  /** The dialog of a request that came with our entry, or the one that its NOTIFY begins (RFC 6665 §4.4.1). */
  find(request: SipRequest, opened: DialogRoute): Dialog | undefined {
    const [callerTag, calleeTag] = opened.to === "callee"
      ? [request.from.tag, request.to.tag]
      : [request.to.tag, request.from.tag];
    const key = { callId: request.callId, callerTag, entry: opened.entry };
    const known = this.#dialogs.get(idOf({ ...key, calleeTag }));
    if (known) return known;
    if (request.method !== "NOTIFY" || opened.to !== "caller") return undefined;
    const awaited = this.#dialogs.get(idOf({ ...key, calleeTag: "" }));
    return awaited && this.open({ ...key, calleeTag }, awaited);
  }

  /** A request of the dialog goes through: it is the last one to be forgotten. */
  touch(dialog: Dialog): void {
    const { now } = this;
    // Minutes are exact enough.
    if (now - dialog.heardOf < SWEEP_INTERVAL_MS || !this.has(dialog)) return;
    this.#dialogs.set(dialog.id, dialog);
    dialog.heardOf = now;
  }

  /** The dialog with this key, which begins now unless it is there already. */
  open(key: DialogKey, ends: { caller: DialogEnd; callee: DialogEnd }): Dialog {
    const id = idOf(key);
    const known = this.#dialogs.get(id);
    if (known) return known;
    const { caller, callee } = ends;
    const parts = {
      entry: detachText(key.entry),
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

  /** Forgets a dialog that nothing keeps alive any more. */
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
      if (!dialog.isAlive(now) || dialog.heardOf < now - MAX_SILENCE_MS) this.remove(dialog);
    }
    if (this.#dialogs.size > 0) this.#sweep.start(SWEEP_INTERVAL_MS);
  }
}

/** Neither a Call-ID nor a tag has a line feed in it. */
function idOf({ callId, callerTag, calleeTag, entry }: DialogKey): string {
  return `${bounded(callId)}\n${bounded(callerTag)}\n${bounded(calleeTag)}\n${
    entry.substring(0, MARK_LENGTH)
  }`;
}

function bounded(text: string): string {
  return text.length <= MAX_TEXT_LENGTH ? text : hash("sha256", text);
}
