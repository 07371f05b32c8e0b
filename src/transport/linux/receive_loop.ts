/** When to look for datagrams: at once while it is quiet, in gathered batches while it is busy. */
import type { Libc } from "./libc.ts";

/** One socket of the loop. */
export interface DrainedSocket {
  /** Waits for a datagram, hands it on; false when the socket is closed. */
  wait(): Promise<boolean>;
  /** Hands on what has arrived, and returns how many datagrams that was. Never waits. */
  drain(): number;
  /** Sends what was queued while datagrams were handed on. */
  flush(): void;
}

/** Datagrams a millisecond from which the loop gathers, and below which it goes back to waiting. */
const BUSY = 0.5;
const QUIET = 0.25;
/** Milliseconds over which the rate is averaged while the loop gathers. */
const MEMORY = 20;
/** Milliseconds over which the rate is measured before the loop begins to gather. */
const WINDOW = 10;
/** Datagrams worth a look, and the milliseconds the loop waits for them at most: SIP's own timers begin at 500. */
const WORTHWHILE = 24;
const LONGEST_GATHER = 5;
/** Milliseconds not worth a sleep. */
const INSTANT = 0.1;
/**
 * Milliseconds between two turns of the event loop, which serves timers and connections; and the same when there is no
 * time to spare. Only while it waits does it look at connections: a turn by `setImmediate` does so each 61st time.
 */
const TURN = 15;
const TURN_UNDER_LOAD = 100;
/** Milliseconds that a timer of Deno is late. */
const LATENESS = 1;

/**
 * Serves one socket until it is closed. Waking up for a datagram costs several times what the datagram itself does: the
 * event loop's turn, and caches gone cold meanwhile. So while traffic is dense the thread sleeps for a moment and then
 * takes what has gathered. CPU per registration at 1000/s (`deno task bench cpu`): 2 ms 150 µs, 5 ms 113, 10 ms 112.
 */
export async function runReceiveLoop(socket: DrainedSocket, libc: Libc): Promise<void> {
  let windowStart = performance.now();
  let count = 0;
  while (await socket.wait()) {
    count += 1 + socket.drain();
    socket.flush();
    const elapsed = performance.now() - windowStart;
    if (elapsed < WINDOW) continue;
    const rate = count / elapsed;
    if (rate >= BUSY) await gather(socket, libc, rate);
    windowStart = performance.now();
    count = 0;
  }
}

/** @param rate datagrams a millisecond at the beginning */
async function gather(socket: DrainedSocket, libc: Libc, rate: number): Promise<void> {
  let last = performance.now();
  let lastTurn = last;
  while (rate >= QUIET) {
    // The time that the last batch took counts: under full load there is nothing to wait for.
    const rest = last + Math.min(LONGEST_GATHER, WORTHWHILE / rate) - performance.now();
    if (last - lastTurn >= (rest > LATENESS ? TURN : TURN_UNDER_LOAD)) {
      await pause(rest);
      lastTurn = performance.now();
    } else if (rest > INSTANT) libc.usleep(Math.round(rest * 1000));
    const now = performance.now();
    const count = socket.drain();
    socket.flush();
    rate += (count / (now - last) - rate) * Math.min(1, (now - last) / MEMORY);
    last = now;
  }
}

/** Leaves the thread to the event loop for so many milliseconds, or one. */
function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds - LATENESS));
}
