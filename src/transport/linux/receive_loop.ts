/** Receives datagrams as they come while traffic is low, in gathered batches while it is dense. */
import { sleep, systemClock } from "../../runtime/clock.ts";
import { doDuties, takeEvent } from "../../runtime/rounds.ts";
import { isTurnAwaited } from "../../runtime/turn.ts";
import type { Libc } from "../../runtime/native/libc.ts";

/** A socket of the loop, or all connections together. */
export interface DrainedSocket {
  /** Waits for a datagram and hands it on; resolves with false when the socket is closed. */
  wait(): Promise<boolean>;
  /** Hands on all datagrams that have arrived, and returns their number. Never waits. */
  drain(): number;
  /** Sends the datagrams queued meanwhile. */
  flush(): void;
}

/** One loop for all sockets, which would delay each other by sleeping. */
let sharedLoop: ReceiveLoop | undefined;

/** Returns the loop of this process. */
export function sharedReceiveLoop(libc: Pick<Libc, "usleep">): ReceiveLoop {
  return sharedLoop ??= new ReceiveLoop(libc);
}

/** Datagrams a millisecond from which the loop gathers, and below which it waits again. */
const BUSY_RATE = 0.5;
const QUIET_RATE = 0.25;
/** Time over which the rate is averaged while the loop gathers. */
const AVERAGING_MS = 20;
/** Time over which the rate is measured before the loop gathers. */
const WINDOW_MS = 10;
/** Datagrams that the loop gathers, and the longest time for it, short beside SIP timers of 500 ms. */
const BATCH_GOAL = 24;
const MAX_GATHER_MS = 10;
const MIN_SLEEP_MS = 0.1;
/**
 * Time between two waits of the event loop, which serves connections and other threads, and the same under full load. The
 * event loop polls connections only when it waits; a turn by `setImmediate` does so each 61st time.
 */
const TURN_INTERVAL_MS = 15;
/** The same while nothing has come by the event loop for some time. */
const UNEVENTFUL_TURN_INTERVAL_MS = 50;
/** Time after an event until the turns become rarer. */
const UNEVENTFUL_MS = 1000;
const TURN_INTERVAL_UNDER_LOAD_MS = 100;
/** Delay of Deno's timers. */
const TIMER_LATENESS_MS = 1;

/**
 * Serves all UDP sockets and connections of the process until they are closed. To wake up costs as much as several
 * datagrams: a turn of the event loop 0.3 ms, a sleep 0.1 ms, most of it cold caches. While traffic is dense the thread
 * sleeps for a moment, then takes what has gathered at all sockets.
 */
export class ReceiveLoop {
  readonly #usleep: Libc["usleep"];
  readonly #sockets = new Set<DrainedSocket>();
  #gathering: Promise<void> | undefined;
  #windowStart = systemClock.now();
  /** Datagrams since the window began. */
  #count = 0;
  #eventAt = -Infinity;

  constructor({ usleep }: Pick<Libc, "usleep">) {
    this.#usleep = usleep;
  }

  /** Serves one socket; resolves when it is closed. */
  async serve(socket: DrainedSocket): Promise<void> {
    this.#sockets.add(socket);
    while (await socket.wait()) {
      this.#count += 1 + this.#takeAll();
      const elapsed = systemClock.now() - this.#windowStart;
      if (this.#gathering === undefined && elapsed >= WINDOW_MS) {
        const rate = this.#count / elapsed;
        if (rate >= BUSY_RATE) {
          this.#gathering = this.#gather(rate).finally(() => this.#gathering = undefined);
        } else this.#beginWindow();
      }
      // The gathering loop takes the datagrams of this socket, too.
      if (this.#gathering !== undefined) await this.#gathering;
    }
    this.#sockets.delete(socket);
  }

  /** @param rate datagrams a millisecond at the beginning */
  async #gather(rate: number): Promise<void> {
    let last = systemClock.now();
    let lastTurn = last;
    while (rate >= QUIET_RATE) {
      // The time of the last batch counts: under full load there is no rest.
      const rest = last + Math.min(MAX_GATHER_MS, BATCH_GOAL / rate) - systemClock.now();
      const isAwaited = isTurnAwaited();
      if (isAwaited || last - lastTurn >= this.#turnInterval(rest, last)) {
        await pause(isAwaited ? TIMER_LATENESS_MS : rest);
        lastTurn = systemClock.now();
      } else if (rest > MIN_SLEEP_MS) this.#usleep(Math.round(rest * 1000));
      doDuties();
      const now = systemClock.now();
      const count = this.#takeAll();
      rate += (count / (now - last) - rate) * Math.min(1, (now - last) / AVERAGING_MS);
      last = now;
    }
    this.#beginWindow();
  }

  #turnInterval(rest: number, now: number): number {
    if (takeEvent()) this.#eventAt = now;
    if (rest <= TIMER_LATENESS_MS) return TURN_INTERVAL_UNDER_LOAD_MS;
    return now - this.#eventAt > UNEVENTFUL_MS ? UNEVENTFUL_TURN_INTERVAL_MS : TURN_INTERVAL_MS;
  }

  /** Drains all sockets, then flushes all, since an answer may leave by another socket. */
  #takeAll(): number {
    let count = 0;
    for (const socket of this.#sockets) count += socket.drain();
    for (const socket of this.#sockets) socket.flush();
    return count;
  }

  #beginWindow(): void {
    this.#windowStart = systemClock.now();
    this.#count = 0;
  }
}

/** Leaves the thread to the event loop for a time, at least a millisecond. */
function pause(milliseconds: number): Promise<void> {
  return sleep(milliseconds - TIMER_LATENESS_MS);
}
