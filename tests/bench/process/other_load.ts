/** What a machine does besides the bench and what it has started. */
import { availableParallelism } from "node:os";
import { cpuMicroseconds } from "./process_meter.ts";

const TICK = 10_000; // microseconds
// Columns of the first line of /proc/stat (proc(5)).
const IDLE = 3;
const WAITING = 4;
const STOLEN = 7;

/** From its making on. Processes that ended in between and were not waited for count as others. */
export class OtherLoad {
  readonly #from = readTimes();

  /** CPUs that others have used on average, of all there are; what the host took away counts. */
  get cpus(): number {
    const { busy, ours, at } = readTimes();
    const others = busy - this.#from.busy - (ours - this.#from.ours);
    return Math.min(availableParallelism(), Math.max(0, others / (at - this.#from.at)));
  }
}

/** In microseconds. */
function readTimes(): { busy: number; ours: number; at: number } {
  const [line] = Deno.readTextFileSync("/proc/stat").split("\n", 1);
  // Guest times, behind the stolen, are in those of users as well.
  const ticks = line.split(/\s+/).slice(1, 2 + STOLEN).map(Number);
  const busy = ticks.reduce(
    (sum, each, column) => column === IDLE || column === WAITING ? sum : sum + each,
    0,
  );
  return { busy: busy * TICK, ours: cpuMicroseconds(Deno.pid), at: performance.now() * 1000 };
}
