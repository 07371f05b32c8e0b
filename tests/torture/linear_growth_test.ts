/** A message costs no more than its length: every header and every list, from 1 KB to 1 MB. */
import assert from "node:assert/strict";
import process from "node:process";
import { GROWN_HEADERS } from "./growth/grown_headers.ts";
import { drain, type Sender, SENDERS, startNetwork } from "./growth/grown_messages.ts";
import type { Network } from "../support/scenario.ts";

const KB = 1000;
/** The longest message, and the one it is compared with. */
const LARGE = 256 * KB;
const SMALL = 16 * KB;
/** Largest ratio of the growth of time to that of length; quadratic time has a ratio of 16. */
const SLACK = 5;
/** Time that is accepted for any message. */
const UNREMARKABLE = 40;
const ATTEMPTS = 6;

/** Bounds so wide that the code behind them must be linear by itself. */
const WIDE = { maxHeadSize: 2 ** 20, maxHeaderRows: 1_000_000, maxHeaderValues: 1_000_000 };

for (const [kind, sender] of Object.entries(SENDERS)) {
  Deno.test(`${kind} takes the server time by its length, whatever grows in it`, async () => {
    for (const [name, grown] of GROWN_HEADERS) {
      const net = await startNetwork(WIDE);
      assertLinear((size) => timeOf(net, sender, grown(size)), `${kind} with ${name}`);
      await net.stop();
    }
  });

  Deno.test(`${kind} of 1 KB to 1 MB is served or refused at once within the limits`, async () => {
    for (const [name, grown] of GROWN_HEADERS) {
      const net = await startNetwork();
      for (let size = KB; size <= 1024 * KB; size *= 2) {
        const took = shortest(() => timeOf(net, sender, grown(size)));
        assert.ok(took <= UNREMARKABLE, `${kind} with ${size} bytes of ${name}: ${took} ms`);
      }
      await net.stop();
    }
  });
}

/** Compares the least of several times, so that a slow machine does not count. */
function assertLinear(time: (size: number) => number, label: string): void {
  let large = time(LARGE);
  let small = Infinity;
  for (let attempt = 0; large > UNREMARKABLE; attempt++) {
    for (let i = 0; i < 3; i++) small = Math.min(small, time(SMALL));
    if (large <= LARGE / SMALL * SLACK * small) return;
    assert.ok(attempt < ATTEMPTS, `${label}: ${small} ms for ${SMALL} bytes, ${large} ms for ${LARGE}`);
    large = Math.min(large, time(LARGE));
  }
}

/** The least of a few times, fewer when it is good enough. */
function shortest(time: () => number): number {
  let least = time();
  for (let i = 0; i < ATTEMPTS && least > UNREMARKABLE; i++) least = Math.min(least, time());
  return least;
}

/** Returns milliseconds of CPU, so that other processes do not count. */
function timeOf(net: Network, sender: Sender, lines: string): number {
  const arrive = sender(net, lines);
  drain(net);
  const before = process.cpuUsage();
  arrive();
  const { user, system } = process.cpuUsage(before);
  drain(net);
  return (user + system) / 1000;
}
