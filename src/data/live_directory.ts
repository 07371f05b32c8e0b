import { type Clock, systemClock } from "../runtime/clock.ts";
import { logger } from "../runtime/log.ts";
import { SerialTasks } from "../runtime/serial_tasks.ts";
import { Turn } from "../runtime/turn.ts";
import type { DataProvider, DocumentAddress, DocumentProblem, Source } from "./data_provider.ts";
import { type Directory, MemoryDirectory } from "./directory.ts";
import { type Fault, faultOf } from "./fault.ts";
import { type CheckedResources, checkResources } from "./resource_checks.ts";
import { type Kind, naturalKey, type Resource } from "./resource.ts";
import { directoryWarnings, resourceWarnings } from "./resource_warnings.ts";
import { SuddenLoss } from "./sudden_loss.ts";

const log = logger("directory");

/** The result of a load. */
export interface LoadReport {
  /** Every fault in the sources as they are now. */
  readonly faults: readonly Fault[];
  readonly warnings: readonly string[];
  /** Sources whose last edit is faulty and not in force; their last good content is. */
  readonly rejected: readonly string[];
}

/** Keeps a directory in step with a provider. */
export class LiveDirectory {
  readonly #provider: DataProvider;
  readonly #clock: Clock;
  readonly #directory = new MemoryDirectory();
  readonly #losses: SuddenLoss;
  /** The latest content without faults, by name of the source. */
  readonly #lastGood = new Map<string, Source>();
  /** The content of the directory, by name of the source. */
  #inForce: ReadonlyMap<string, Source> = new Map();
  #hadResources = false;
  #rejected: readonly Source[] = [];
  readonly #loads = new SerialTasks();
  #reloading: Promise<void> | undefined;
  #reloadAgain = false;
  #closed = false;
  #onReload: ((report: LoadReport) => unknown) | undefined;
  /** Fires when a loss is accepted. */
  #alarm: unknown;

  constructor(provider: DataProvider, clock: Clock = systemClock) {
    this.#provider = provider;
    this.#clock = clock;
    this.#losses = new SuddenLoss(clock);
  }

  /** Empty until loaded. */
  get directory(): Directory {
    return this.#directory;
  }

  /**
   * Loads everything. Faulty documents are left out, and the others serve. Only a faulty edit of a good file is
   * rejected as a whole: the last good content stays. Content that disappears suddenly stays for a while
   * (`sudden_loss.ts`).
   * @param ownChange the kind of a document that this server has just changed
   */
  load(ownChange?: Kind): Promise<LoadReport> {
    return this.#loads.run(() => this.#load(ownChange));
  }

  /** Loads everything for an administrator who knows what changed: missing content is out of force at once. */
  reload(): Promise<LoadReport> {
    return this.#loads.run(() => this.#load("everything"));
  }

  /** Loads changes that the provider knows of, so that the next look-up is up to date. */
  async catchUp(): Promise<void> {
    await this.#loads.settled();
    if (!await this.#provider.isLoaded()) await this.load();
  }

  /** Reports whether resources can be read; otherwise the last ones stay in force. */
  get isReachable(): boolean | undefined {
    return this.#provider.isReachable;
  }

  /** Returns the names of sources of a kind whose last edit is faulty and not in force. */
  rejected(kind: Kind): readonly string[] {
    return this.#rejected.filter((source) => source.kind === kind).map(({ name }) => name);
  }

  /** Returns the names of sources with lost content still in force that a change of this kind would disturb. */
  lost(kind: Kind): readonly string[] {
    return this.#losses.keptFor(kind);
  }

  /** Returns the address of a resource's document. */
  addressOf(resource: Resource): DocumentAddress | undefined {
    return this.#find(resource.kind, (each) => each.ref === resource.ref) ??
      // A colliding generated ref has another value in the directory.
      this.#find(resource.kind, (each) => isSameButForRef(each, resource));
  }

  #find(kind: Kind, matches: (resource: Resource) => boolean): DocumentAddress | undefined {
    for (const source of this.#inForce.values()) {
      if (source.kind !== kind) continue;
      const index = source.resources.findIndex((resource) => resource !== undefined && matches(resource));
      if (index >= 0) return { source, index };
    }
    return undefined;
  }

  async #load(trusted: Kind | "everything" | undefined): Promise<LoadReport> {
    const loaded = await this.#provider.load();
    const bridged = this.#losses.bridge(loaded, this.#inForce, trusted);
    this.#awaitEndOfLoss();
    const candidates = bridged.map((source) => source.faults.length > 0 ? this.#fallback(source) : source);
    const first = await checkResources(candidates);
    const sources = candidates.map((source) => first.problems.has(source) ? this.#fallback(source) : source);
    const rejected = candidates.filter((source, i) => source !== sources[i]);
    const checked = rejected.length === 0 ? first : await checkResources(sources);
    if (checked.resources.length === 0 && this.#hadResources) {
      log.error("All resources are gone");
    }
    this.#hadResources = checked.resources.length > 0;
    const isDeliberate = trusted !== undefined && trusted !== "everything";
    await this.#directory.replaceInTurns(checked.resources, { isDeliberate });
    this.#remember(sources, checked);
    this.#rejected = bridged.filter((source) => !sources.includes(source));
    return {
      faults: [
        ...loaded.flatMap(({ faults }) => faults),
        ...await this.#locate(rejected, first.problems),
        ...await this.#locate(sources, checked.problems),
      ],
      warnings: [
        ...loaded.flatMap(({ warnings }) => warnings),
        ...await warningsOf(checked.resources),
        ...directoryWarnings(this.#directory),
      ],
      rejected: this.#rejected.map(({ name }) => name),
    };
  }

  /**
   * Loads again whenever the provider reports a change, until closed.
   * @param onReload is awaited before the next load
   */
  follow(onReload: (report: LoadReport) => unknown): void {
    this.#onReload = onReload;
    this.#provider.watch(() => this.#loadAgain());
    this.#awaitEndOfLoss();
  }

  close(): void {
    this.#closed = true;
    this.#clock.clearAlarm(this.#alarm);
    this.#provider.close();
  }

  #loadAgain(): void {
    this.#reloadAgain = true;
    if (this.#onReload !== undefined) this.#reloading ??= this.#reload(this.#onReload);
  }

  #awaitEndOfLoss(): void {
    this.#clock.clearAlarm(this.#alarm);
    const { waitMs } = this.#losses;
    if (waitMs === undefined || this.#onReload === undefined || this.#closed) return;
    this.#alarm = this.#clock.setAlarm(() => this.#loadAgain(), waitMs);
  }

  async #reload(onReload: (report: LoadReport) => unknown): Promise<void> {
    try {
      while (this.#reloadAgain && !this.#closed) {
        this.#reloadAgain = false;
        const report = await this.load();
        if (!this.#closed) await onReload(report);
      }
    } finally {
      this.#reloading = undefined;
    }
  }

  /** Replaces a faulty source by its last good content, or by its good part. */
  #fallback(source: Source): Source {
    if (source.readable && !source.isOneText) return source;
    const lastGood = this.#lastGood.get(source.name);
    if (lastGood !== undefined) return lastGood;
    return source.readable ? source : this.#inForce.get(source.name) ?? source;
  }

  #remember(sources: readonly Source[], { problems }: CheckedResources): void {
    this.#inForce = new Map(sources.map((source) => [source.name, source]));
    for (const name of this.#lastGood.keys()) {
      if (!this.#inForce.has(name)) this.#lastGood.delete(name);
    }
    for (const source of sources) {
      if (source.faults.length === 0 && !problems.has(source)) this.#lastGood.set(source.name, source);
    }
  }

  async #locate(
    sources: readonly Source[],
    problems: ReadonlyMap<Source, readonly DocumentProblem[]>,
  ): Promise<Fault[]> {
    const faults: Fault[] = [];
    for (const source of sources) {
      const found = problems.get(source);
      if (found === undefined) continue;
      const positions = await this.#provider.locate(source, found);
      for (const [i, problem] of found.entries()) {
        faults.push(faultOf(problem, { file: source.name, position: positions[i] }));
      }
    }
    return faults;
  }
}

async function warningsOf(resources: readonly Resource[]): Promise<string[]> {
  const warnings: string[] = [];
  const turn = new Turn();
  for (const resource of resources) {
    warnings.push(...resourceWarnings(resource));
    if (turn.isOver) await turn.next();
  }
  return warnings;
}

function isSameButForRef(a: Resource, b: Resource): boolean {
  return naturalKey(a) === naturalKey(b) && JSON.stringify({ ...a, ref: b.ref }) === JSON.stringify(b);
}
