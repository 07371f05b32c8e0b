/** Offers operations of all kinds at an even rate, from phones that have nothing else to do. */
import { pause } from "../support/pause.ts";
import type { Random } from "../support/random.ts";
import { beRefused, call, cancel, findNobody, subscribe, write } from "./phones/phone_call.ts";
import type { Failure, SoakPhone } from "./phones/soak_phone.ts";
import type { Operation } from "./report/ledger.ts";
import { DOMAIN, EDITED_USER, NAMED_DOMAIN, NUMBER } from "./server/soak_configuration.ts";
import type { SoakPart } from "./soak_part.ts";

/** How often each kind is tried, of all together. */
const WEIGHTS = {
  call: 34,
  cancel: 10,
  refuse: 8,
  nobody: 6,
  message: 12,
  subscription: 6,
  registration: 14,
  "call out": 6,
  "call in": 2,
  absence: 2,
} as const;
export type Kind = keyof typeof WEIGHTS;

const TICK_MS = 20;
/** Calls that last long, and how long at most. */
const LONG_SHARE = 0.05;
const LONG_MS = 40_000;
const SHORT_MS = 2_000;
/** Calls that one phone may have from others at a time. */
const MAX_ENGAGEMENTS = 3;
/** For what is under way when no more is offered. */
const END_MS = 120_000;

/** What is about to be done. */
interface Attempt {
  readonly caller: SoakPhone;
  readonly others: readonly SoakPhone[];
  readonly gateway?: Operation["gateway"];
  run(): Promise<Failure>;
}

export interface LoadOptions {
  readonly part: SoakPart;
  readonly random: Random;
  /** Operations a second. */
  readonly rate: number;
  readonly durationMs: number;
}

/** Resolves when all that was begun has ended. */
export async function offerLoad({ part, random, rate, durationMs }: LoadOptions): Promise<void> {
  const begin = performance.now();
  const running = new Set<Promise<void>>();
  let begun = 0;
  while (performance.now() < begin + durationMs) {
    for (; begun < (performance.now() - begin) / 1000 * rate; begun++) {
      const kind = weighted(random);
      const attempt = chosen(kind, part, random);
      if (!attempt) continue;
      const one: Promise<void> = make(kind, attempt, part).finally(() => running.delete(one));
      running.add(one);
    }
    await pause(TICK_MS);
  }
  const isOver = await Promise.race([Promise.all(running).then(() => true), pause(END_MS).then(() => false)]);
  if (!isOver) {
    part.complaints.push(`${running.size} operations have not ended ${END_MS / 1000} s after the load`);
  }
}

async function make(kind: Kind, { caller, others, gateway, run }: Attempt, part: SoakPart): Promise<void> {
  const all = [caller, ...others];
  const begunAt = performance.now();
  for (const phone of all) phone.engagements++;
  caller.answerTimes = [];
  const failure = await run();
  for (const phone of all) phone.engagements--;
  const operation = { kind, phones: all.map(({ user }) => user), gateway, begunAt };
  part.ledger.record(operation, failure, caller.answerTimes);
}

/** Chooses who does it; undefined when nobody is free. */
function chosen(kind: Kind, part: SoakPart, random: Random): Attempt | undefined {
  const online = part.phones.filter(({ isOnline }) => isOnline);
  const free = online.filter(({ engagements }) => engagements === 0);
  if (free.length === 0) return undefined;
  const caller = random.one(free);
  const { domain } = caller.options;
  const talkMs = random.chance(LONG_SHARE) ? random.next() * LONG_MS : 100 + random.next() * SHORT_MS;
  const alone = (run: () => Promise<Failure>, gateway?: Operation["gateway"]): Attempt => {
    return { caller, others: [], gateway, run };
  };
  if (kind === "registration") return alone(() => caller.register());
  if (kind === "nobody") {
    const local = domain === DOMAIN ? EDITED_USER : part.absentUser;
    return alone(() => findNobody(caller, { to: `sip:${local}@${domain}`, manner: "answer" }));
  }
  if (kind === "call out") {
    const to = `sip:0049${random.below(1e6)}@${domain}`;
    const gateway = domain === NAMED_DOMAIN ? "by name" : "by address";
    return alone(() => call(caller, { to, manner: "answer", talkMs }), gateway);
  }
  if (kind === "call in") {
    const [provider] = part.providers;
    const called = online.find(({ user }) => user === part.phones[0].user);
    if (!called) return undefined;
    const run = () => provider.call(NUMBER, Math.min(talkMs, SHORT_MS));
    return { caller: called, others: [], gateway: "by address", run };
  }
  const others = online.filter((phone) =>
    phone !== caller && phone.options.domain === domain && phone.engagements < MAX_ENGAGEMENTS
  );
  if (others.length === 0) return undefined;
  const other = random.one(others);
  const to = other.aor;
  const withOther = (run: () => Promise<Failure>): Attempt => ({ caller, others: [other], run });
  switch (kind) {
    case "call":
      return withOther(() => call(caller, { to, manner: "answer", talkMs }));
    case "cancel":
      return withOther(() => cancel(caller, { to, manner: "ring", talkMs: Math.min(talkMs, SHORT_MS) }));
    case "refuse":
      return withOther(() => beRefused(caller, { to, manner: "refuse" }));
    case "message":
      return withOther(() => write(caller, { to }));
    case "subscription":
      return withOther(() => subscribe(caller, { to, talkMs: Math.min(talkMs, SHORT_MS) }));
    case "absence":
      return other.engagements === 0 ? withOther(() => absence(other, caller)) : undefined;
  }
}

/** A phone unregisters, is called in vain, and registers again. */
async function absence(absent: SoakPhone, caller: SoakPhone): Promise<Failure> {
  const left = await absent.register(0);
  const found = left ?? await findNobody(caller, { to: absent.aor, manner: "answer" });
  const back = await absent.register();
  return left ?? found ?? back;
}

function weighted(random: Random): Kind {
  const kinds = Object.entries(WEIGHTS) as [Kind, number][];
  let left = random.next() * kinds.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [kind, weight] of kinds) {
    left -= weight;
    if (left < 0) return kind;
  }
  return "call";
}
