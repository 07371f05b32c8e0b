/** Which nodes share the bindings, and which of them are alive: each keeps a key in Redis that soon expires. */
import type { Clock } from "../../runtime/clock.ts";
import { logger } from "../../runtime/log.ts";
import type { RedisConnection } from "../../runtime/redis/redis_connection.ts";
import type { Timer, TimerWheel } from "../../runtime/timer_wheel.ts";
import type { NodeRecord } from "../binding_record.ts";

const log = logger("cluster");

const PREFIX = "routr:node:";
/** Milliseconds after its last sign of life that a node counts as dead, and the part of it between two signs. */
const LIFETIME_MS = 6000;
const SIGNS_PER_LIFETIME = 3;

export interface NodeTableParts {
  readonly connection: Pick<RedisConnection, "commands" | "isUp" | "onUp">;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly self: NodeRecord;
  /** Milliseconds; six seconds unless said otherwise. */
  readonly lifetimeMs?: number;
  /** A node is there that was not, as another process, or is no longer. */
  onChange(): void;
  /** Redis may have lost everything. */
  onForgotten?(): void;
}

interface KnownNode {
  readonly epoch: string;
  readonly isAlive: boolean;
  /** `Clock.now()` milliseconds of the last change. */
  readonly since: number;
}

/** Milliseconds after which a dead node is forgotten. */
const FORGET_AFTER_MS = 600_000;

export class NodeTable {
  readonly #parts: NodeTableParts;
  readonly #lifetimeMs: number;
  readonly #nodes = new Map<string, KnownNode>();
  readonly #timer: Timer;
  /** Since when Redis is there without interruption; before, it may have forgotten everybody. */
  #upSince = 0;
  #isStopped = false;
  #isRivalTold = false;

  constructor(parts: NodeTableParts) {
    this.#parts = parts;
    this.#lifetimeMs = parts.lifetimeMs ?? LIFETIME_MS;
    this.#timer = parts.wheel.timer(() => void this.#beat());
  }

  get self(): NodeRecord {
    return this.#parts.self;
  }

  async start(): Promise<void> {
    const { connection, clock } = this.#parts;
    connection.onUp(() => {
      this.#upSince = clock.now();
      this.#parts.onForgotten?.();
      if (!this.#isStopped) this.#show().catch(() => {});
    });
    // Without Redis, it is shown as soon as there is one.
    await this.#show().catch(() => {});
    this.#timer.start(this.#lifetimeMs / SIGNS_PER_LIFETIME);
  }

  /** The others need not wait to learn of it. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer.stop();
    if (this.#parts.connection.isUp) await this.#parts.connection.commands.del(this.#key()).catch(() => {});
  }

  /** Whether any process serves at this address. While Redis is away, those do that did when it went. */
  isAlive(address: string): boolean {
    return address === this.self.address || this.#nodes.get(address)?.isAlive === true;
  }

  /** Whether it is a later process that serves at that address. */
  isOver({ address, epoch }: NodeRecord): boolean {
    if (address === this.self.address) return epoch !== this.self.epoch;
    const known = this.#nodes.get(address);
    return known !== undefined && known.epoch !== epoch;
  }

  /** It has just been heard of. */
  note({ address, epoch }: NodeRecord): void {
    if (address === this.self.address) return;
    const known = this.#nodes.get(address);
    if (known?.isAlive && known.epoch === epoch) return;
    this.#nodes.set(address, { epoch, isAlive: true, since: this.#parts.clock.now() });
    this.#parts.onChange();
  }

  /** Asks Redis which of these nodes are alive, and of those that are known. Rejects when it cannot tell. */
  async refresh(addresses: Iterable<string> = []): Promise<void> {
    const wanted = new Set([...this.#nodes.keys(), ...addresses]);
    wanted.delete(this.self.address);
    const now = this.#parts.clock.now();
    let isChanged = false;
    for (const address of wanted) {
      const epoch = await this.#parts.connection.commands.get(PREFIX + address);
      const known = this.#nodes.get(address);
      const isAlive = epoch !== null || known?.isAlive === true && this.#mayHaveForgotten;
      if (known && known.isAlive === isAlive && (epoch === null || known.epoch === epoch)) {
        if (!isAlive && now - known.since > FORGET_AFTER_MS) this.#nodes.delete(address);
        continue;
      }
      this.#nodes.set(address, { epoch: epoch ?? known?.epoch ?? "", isAlive, since: now });
      if (known) isChanged = true;
      this.#tell(address, known, isAlive);
    }
    if (isChanged) this.#parts.onChange();
  }

  get #mayHaveForgotten(): boolean {
    return this.#upSince > 0 && this.#parts.clock.now() - this.#upSince < this.#lifetimeMs;
  }

  async #beat(): Promise<void> {
    try {
      await this.#lookForRival();
      await this.#show();
      await this.refresh();
    } catch {
      // Redis is away, which others tell; nobody counts as dead for it.
    }
    if (!this.#isStopped) this.#timer.start(this.#lifetimeMs / SIGNS_PER_LIFETIME);
  }

  async #show(): Promise<void> {
    await this.#parts.connection.commands.set(this.#key(), this.self.epoch, "PX", this.#lifetimeMs);
  }

  /** Two with one address would take each other's flows for their own. */
  async #lookForRival(): Promise<void> {
    const owner = await this.#parts.connection.commands.get(this.#key());
    if (owner === null) {
      // This process was held up for so long that it counted as dead, or Redis was, and has lost everybody.
      this.#upSince = this.#parts.clock.now();
      this.#parts.onForgotten?.();
      this.#parts.onChange();
    }
    if (owner === null || owner === this.self.epoch || this.#isRivalTold) return;
    this.#isRivalTold = true;
    log.error("Another node has the address {address}, too: set nodeAddr in spec.dataSource.parameters", {
      address: this.self.address,
    });
  }

  #tell(address: string, known: KnownNode | undefined, isAlive: boolean): void {
    if (isAlive) log.info("Node {address} is there", { address });
    else if (known) log.warn("Node {address} is gone", { address });
  }

  #key(): string {
    return PREFIX + this.self.address;
  }
}
