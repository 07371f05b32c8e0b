/** Protection against a sudden loss of resources: a half-made copy, a full disk, a Redis that restarted empty. */
import type { Clock } from "../runtime/clock.ts";
import { logger } from "../runtime/log.ts";
import type { Source } from "./data_provider.ts";
import type { Kind, Resource } from "./resource.ts";

const log = logger("directory");

/** Time until an empty or cut collection is accepted. */
const COLLECTION_GRACE_MS = 5000;
/** Time until the loss of everything that serves calls is accepted. */
const TOTAL_GRACE_MS = 600_000;

type Cause = "empty" | "cut" | "everything";

const GRACE_MS: Readonly<Record<Cause, number>> = {
  empty: COLLECTION_GRACE_MS,
  cut: COLLECTION_GRACE_MS,
  everything: TOTAL_GRACE_MS,
};

interface Loss {
  readonly kind: Kind;
  readonly cause: Cause;
  readonly noticedAt: number;
}

/** Keeps sources that have lost their resources in force, until the loss has lasted. */
export class SuddenLoss {
  readonly #clock: Clock;
  /** By name of the source. */
  #losses: ReadonlyMap<string, Loss> = new Map();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Returns `loaded`, with the content in force for every source that has just lost its resources.
   * @param trusted what is accepted at once: a kind that this server changed itself, or everything on an explicit
   * reload
   */
  bridge(
    loaded: readonly Source[],
    inForce: ReadonlyMap<string, Source>,
    trusted: Kind | "everything" | undefined,
  ): readonly Source[] {
    const lost = trusted === "everything"
      ? []
      : lostSources(loaded, inForce).filter(({ source }) => source.kind !== trusted);
    const now = this.#clock.now();
    const losses = new Map<string, Loss>();
    const kept = new Map<string, Source>();
    const over: Source[] = [];
    for (const { source, cause } of lost) {
      const before = this.#losses.get(source.name);
      const noticedAt = before?.cause === cause ? before.noticedAt : now;
      if (now - noticedAt >= GRACE_MS[cause]) {
        over.push(source);
        continue;
      }
      kept.set(source.name, source);
      losses.set(source.name, { kind: source.kind, cause, noticedAt });
    }
    this.#log(losses, kept);
    if (over.length > 0) log.error("{what} remain lost, and are no longer in force", { what: totalOf(over) });
    for (const name of this.#losses.keys()) {
      const isOver = over.some((source) => source.name === name);
      if (!losses.has(name) && !isOver && trusted !== "everything") {
        log.info("{name} has its content again", { name });
      }
    }
    this.#losses = losses;
    if (kept.size === 0) return loaded;
    const names = new Set(loaded.map(({ name }) => name));
    const missing = [...kept.values()].filter(({ name }) => !names.has(name));
    return [...loaded.map((source) => kept.get(source.name) ?? source), ...missing];
  }

  /** Returns the names of sources kept in force that a change of this kind would disturb. */
  keptFor(kind: Kind): readonly string[] {
    return [...this.#losses].filter(([, loss]) => loss.kind === kind || loss.cause === "everything")
      .map(([name]) => name);
  }

  /** Milliseconds until the next loss is accepted; undefined when nothing is lost. */
  get waitMs(): number | undefined {
    if (this.#losses.size === 0) return undefined;
    const ends = [...this.#losses.values()].map(({ cause, noticedAt }) => noticedAt + GRACE_MS[cause]);
    return Math.max(0, Math.min(...ends) - this.#clock.now());
  }

  /** Logs new losses; the loss of everything in one line. */
  #log(losses: ReadonlyMap<string, Loss>, kept: ReadonlyMap<string, Source>): void {
    const news = [...kept.values()].filter(({ name }) =>
      this.#losses.get(name)?.cause !== losses.get(name)?.cause
    );
    const everything = news.filter(({ name }) => losses.get(name)?.cause === "everything");
    if (everything.length > 0) {
      log.error(
        "Everything is gone from {names}: {what} stay in force for {minutes} minutes, " +
          "or until something is written there or resources are reloaded (SIGHUP)",
        {
          names: everything.map(({ name }) => name).join(", "),
          what: totalOf(everything),
          minutes: TOTAL_GRACE_MS / 60_000,
        },
      );
    }
    for (const source of news) {
      const { name } = source;
      const cause = losses.get(name)?.cause;
      if (cause === "everything") continue;
      const what = totalOf([source]);
      const seconds = COLLECTION_GRACE_MS / 1000;
      const message = cause === "cut"
        ? "{name} ends in the middle: {what} stay in force as they were for {seconds} s, until it is written"
        : "{name} is empty all of a sudden: {what} stay in force for {seconds} s, in case it is being written";
      log.error(message, { name, what, seconds });
    }
  }
}

/** Returns sources whose resources are gone, or cut to the beginning of their text. */
function lostSources(
  loaded: readonly Source[],
  inForce: ReadonlyMap<string, Source>,
): { source: Source; cause: Cause }[] {
  const filled = [...inForce.values()].filter((source) => countOf(source) > 0);
  const byName = new Map(loaded.map((source) => [source.name, source]));
  const hasMoved = ({ kind, name }: Source) =>
    loaded.some((other) =>
      other.kind === kind && other.name !== name && countOf(other) > countOf(inForce.get(other.name))
    );
  const empty = filled.filter((source) => isEmpty(byName.get(source.name)) && !hasMoved(source));
  // Users do not count: a server that starts on an empty Redis makes one there.
  const serving = filled.filter(({ kind }) => kind !== "User");
  const isEverything = serving.length > 0 && serving.every((source) => empty.includes(source)) &&
    empty.reduce((sum, source) => sum + countOf(source), 0) > 1;
  if (isEverything) return empty.map((source) => ({ source, cause: "everything" }));
  const lost = empty.filter(mayBeAccident).map((source) => ({ source, cause: "empty" as const }));
  const cut = filled.filter((source) => isCut(byName.get(source.name), source))
    .map((source) => ({ source, cause: "cut" as const }));
  return [...lost, ...cut];
}

/** A program removes exactly the last document; a file may be empty for a moment. */
function mayBeAccident(source: Source): boolean {
  return source.isOneText === true || countOf(source) > 1;
}

/** Faulty and unreadable sources are kept for that reason. */
function isEmpty(source: Source | undefined): boolean {
  return source === undefined || (source.faults.length === 0 && countOf(source) === 0);
}

/** Reports whether a text that ends halfway has the first of the earlier resources and nothing else. */
function isCut(now: Source | undefined, before: Source): boolean {
  if (now?.looksCut !== true || now.faults.length > 0) return false;
  const [after, then] = [now.resources, before.resources];
  const last = after.length - 1;
  if (last < 0 || after.length >= then.length) return false;
  // The last resource may be cut after its first properties.
  return after[last]?.name === then[last]?.name &&
    after.slice(0, last).every((resource, i) => JSON.stringify(resource) === JSON.stringify(then[i]));
}

function countOf(source: Source | undefined): number {
  return source?.resources.reduce((count, resource) => resource === undefined ? count : count + 1, 0) ?? 0;
}

/** Returns `3 agents, 1 domain`. */
function totalOf(sources: readonly Source[]): string {
  const counts = new Map<Resource["kind"], number>();
  for (const source of sources) counts.set(source.kind, (counts.get(source.kind) ?? 0) + countOf(source));
  return [...counts].map(([kind, count]) => {
    const noun = kind === "DID" ? kind : kind.toLowerCase();
    return `${count} ${noun}${count === 1 ? "" : "s"}`;
  }).join(", ");
}
