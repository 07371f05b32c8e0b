/** Phones that register and then stop reading, while they are sent much and other phones call each other. */
import { setTimeout as delay } from "node:timers/promises";
import type { ConnectedPhone } from "../load/connected_phone.ts";
import type { LoadResult } from "../load/load_result.ts";
import { connectPhones, disconnect, offer, offerPhoneCalls } from "../load/phone_load.ts";
import { subscribers } from "../load/subscribers.ts";
import { residentBytes } from "../process/process_meter.ts";
import type { BenchedSystem } from "../systems/benched_system.ts";
import type { SystemName } from "../systems/start_system.ts";
import type { BenchContext } from "./bench_context.ts";

export interface Stalled {
  readonly system: SystemName;
  readonly calls: LoadResult;
  readonly residentBefore: number;
  readonly residentHighest: number;
  /** Connections the server had closed at the end, of those that did not read. */
  readonly closed: number;
  /** Bytes of responses they asked for and did not read. */
  readonly unread: number;
}

const STALLED = 1000;
/** Phones that call each other, and that also send MESSAGEs to those that do not read. */
const CALLING = 100;
const CALLS_PER_SECOND = 200;
const MESSAGES_PER_SECOND = 100;
const MESSAGE_BODY = "x".repeat(1000);
/** The server repeats it in its response: much to send for few requests. */
const LONG_NAME = "x".repeat(16_000);
/** What is asked of the server on each stalled connection in all: more than kernel and server will hold. */
const UNREAD_PER_CONNECTION = 2_500_000;
/** A phone stops asking while the server does not take this much, in bytes. */
const UNSENT = 100_000;
const WARM_UP_SECONDS = 5;
const INTERVAL = 250; // milliseconds between two readings of the memory

/** Of routr only: the bound is absolute, and Kamailio keeps its memory in a pool of fixed size. */
export async function measureStalled(context: BenchContext): Promise<Stalled[]> {
  if (!context.options.systems.includes("routr")) return [];
  const system = await context.start("routr", STALLED + CALLING, { protocol: "tcp" });
  const server = { protocol: "tcp", port: system.connectionPort! } as const;
  const stalled = await connectPhones(subscribers(STALLED, CALLING), server);
  const calling = await connectPhones(subscribers(CALLING), server);
  context.progress("stalled: warming up");
  await offerPhoneCalls(calling, { rate: CALLS_PER_SECOND, seconds: WARM_UP_SECONDS });
  context.progress(`stalled: ${STALLED} phones stop reading`);
  const seconds = context.options.stalledSeconds;
  const result = await stall(system, { stalled, calling, seconds });
  disconnect([...stalled, ...calling]);
  await system.process.end();
  return [{ system: "routr", ...result }];
}

async function stall(
  { process }: BenchedSystem,
  { stalled, calling, seconds }: {
    stalled: readonly ConnectedPhone[];
    calling: readonly ConnectedPhone[];
    seconds: number;
  },
): Promise<Omit<Stalled, "system">> {
  const residentBefore = residentBytes(process.pid);
  let residentHighest = residentBefore;
  const meter = setInterval(() => {
    residentHighest = Math.max(residentHighest, residentBytes(process.pid));
  }, INTERVAL);
  for (const { connection } of stalled) connection.stopReading();
  const [calls, unread] = await Promise.all([
    offerPhoneCalls(calling, { rate: CALLS_PER_SECOND, seconds }),
    askWithoutReading(stalled, seconds),
    sendMessages(calling, stalled, seconds),
  ]);
  clearInterval(meter);
  const closed = await countClosed(stalled);
  return { calls, residentBefore, residentHighest, closed, unread };
}

/** Spreads the requests evenly over the first half of the time; resolves with the bytes asked for. */
async function askWithoutReading(stalled: readonly ConnectedPhone[], seconds: number): Promise<number> {
  const each = Math.ceil(UNREAD_PER_CONNECTION / LONG_NAME.length);
  let asked = 0;
  const rate = stalled.length * each / (seconds / 2);
  await offer({ rate, seconds: seconds / 2 }, (number) => {
    const phone = stalled[number % stalled.length];
    if (!phone.connection.isOpen || phone.connection.unsentBytes > UNSENT) return Promise.resolve(false);
    asked += LONG_NAME.length;
    phone.askInVain(LONG_NAME);
    return Promise.resolve(true);
  });
  return asked;
}

async function sendMessages(
  senders: readonly ConnectedPhone[],
  receivers: readonly ConnectedPhone[],
  seconds: number,
): Promise<void> {
  await offer({ rate: MESSAGES_PER_SECOND, seconds }, (number) => {
    const sender = senders[number % senders.length];
    sender.message(receivers[number % receivers.length].user, MESSAGE_BODY); // it fails, sooner or later
    return Promise.resolve(true);
  });
}

/** A closed connection is noticed by writing to it when nothing is read. */
async function countClosed(phones: readonly ConnectedPhone[]): Promise<number> {
  for (const { connection } of phones) connection.send("\r\n\r\n");
  await delay(1000);
  return phones.filter(({ connection }) => !connection.isOpen).length;
}
