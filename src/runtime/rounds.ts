/**
 * The rounds of a busy thread: it takes the datagrams that have arrived, sleeps for a moment, and returns to the event loop
 * only now and then, because a turn of the event loop costs as much as dozens of datagrams.
 */

const duties = new Set<() => void>();
let hasEvent = false;

/** Has something done in each round, until the returned function is called. */
export function eachRound(duty: () => void): () => void {
  duties.add(duty);
  return () => void duties.delete(duty);
}

/** Does what each round has to do. */
export function doDuties(): void {
  for (const duty of duties) duty();
}

/** Notes that something came by the event loop, or is expected to: more is likely to follow. */
export function noteEvent(): void {
  hasEvent = true;
}

/** Reports whether something was noted since the last call. */
export function takeEvent(): boolean {
  const had = hasEvent;
  hasEvent = false;
  return had;
}
