/** The nodes that share bindings, and which of them are alive: each keeps a key in Redis that soon expires. */
import type { Clock } from "../../runtime/clock.ts";
import { logger } from "../../runtime/log.ts";
import type { RedisConnection } from "../../runtime/redis/redis_connection.ts";
import type { Timer, TimerWheel } from "../../runtime/timer_wheel.ts";
import type { NodeRecord } from "../binding_record.ts";

const log = logger("cluster");

const PREFIX = "routr:node:";
/** Time after its last sign of life until a node counts as dead; signs per this time. */
const LIFETIME_MS = 6000;
const SIGNS_PER_LIFETIME = 3;

export interface NodeTableParts {
  readonly connection: Pick<RedisConnection, "commands" | "isUp" | "onUp">;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly self: NodeRecord;
  /** Six seconds by default. */
  readonly lifetimeMs?: number;
  /** Called when a node appears, restarts or disappears. */
  onChange(): void;
  /** Called when Redis may have lost everything. */
  onForgotten?(): void;
}

interface KnownNode {
  readonly epoch: string;
  readonly isAlive: boolean;
  /** `Clock.now()` milliseconds of the last change. */
  readonly since: number;
}

/** Time until a dead node is forgotten. */
const FORGET_AFTER_MS = 600_000;

export class NodeTable {
  readonly #parts: NodeTableParts;
  readonly #lifetimeMs: number;
  readonly #nodes = new Map<string, KnownNode>();
  readonly #timer: Timer;
  /** The begin of Redis's present availability; it may have lost all nodes before. */
  #upSince = 0;
  #isStopped = false;
  #isRivalLogged = false;

  constructor(parts: NodeTableParts) {
    this.#parts = parts;
    this.#lifetimeMs = parts.lifetimeMs ?? LIFETIME_MS;
    this.#timer = parts.wheel.timer(() => void this.#heartbeat());
  }

  get self(): NodeRecord {
    return this.#parts.self;
  }

  async start(): Promise<void> {
    const { connection, clock } = this.#parts;
    connection.onUp(() => {
      this.#upSince = clock.now();
      this.#parts.onForgotten?.();
      if (!this.#isStopped) this.#publishSelf().catch(() => {});
    });
    // Without Redis, the node is shown as soon as Redis is back.
    await this.#publishSelf().catch(() => {});
    this.#timer.start(this.#lifetimeMs / SIGNS_PER_LIFETIME);
  }

  /** Tells the other nodes at once. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer.stop();
    if (this.#parts.connection.isUp) await this.#parts.connection.commands.del(this.#key()).catch(() => {});
  }

  /** Reports whether a process serves at this address. While Redis is away, the last known state applies. */
  isAlive(address: string): boolean {
    return address === this.self.address || this.#nodes.get(address)?.isAlive === true;
  }

  /** Reports whether a later process serves at that address. */
  isOver({ address, epoch }: NodeRecord): boolean {
    if (address === this.self.address) return epoch !== this.self.epoch;
    const known = this.#nodes.get(address);
    return known !== undefined && known.epoch !== epoch;
  }

  /** Notes a sign of life. */
  note({ address, epoch }: NodeRecord): void {
    if (address === this.self.address) return;
    const known = this.#nodes.get(address);
    if (known?.isAlive && known.epoch === epoch) return;
    this.#nodes.set(address, { epoch, isAlive: true, since: this.#parts.clock.now() });
    this.#parts.onChange();
  }

  /** Asks Redis which nodes are alive, the known ones and these. Rejects when Redis does not answer. */
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
      this.#logChange(address, known, isAlive);
    }
    if (isChanged) this.#parts.onChange();
  }

  get #mayHaveForgotten(): boolean {
    return this.#upSince > 0 && this.#parts.clock.now() - this.#upSince < this.#lifetimeMs;
  }

  async #heartbeat(): Promise<void> {
    try {
      await this.#checkForRival();
      await this.#publishSelf();
      await this.refresh();
    } catch {
      // Others log that Redis is away; no node counts as dead for it.
    }
    if (!this.#isStopped) this.#timer.start(this.#lifetimeMs / SIGNS_PER_LIFETIME);
  }

  async #publishSelf(): Promise<void> {
    await this.#parts.connection.commands.set(this.#key(), this.self.epoch, "PX", this.#lifetimeMs);
  }

  /** Two nodes with one address would take each other's flows for their own. */
  async #checkForRival(): Promise<void> {
    const owner = await this.#parts.connection.commands.get(this.#key());
    if (owner === null) {
      // This process was suspended until it counted as dead, or Redis has lost everything.
      this.#upSince = this.#parts.clock.now();
      this.#parts.onForgotten?.();
      this.#parts.onChange();
    }
    if (owner === null || owner === this.self.epoch || this.#isRivalLogged) return;
    this.#isRivalLogged = true;
    log.error("Another node has the address {address}, too: set nodeAddr in spec.dataSource.parameters", {
      address: this.self.address,
    });
  }

  #logChange(address: string, known: KnownNode | undefined, isAlive: boolean): void {
    if (isAlive) log.info("Node {address} is there", { address });
    else if (known) log.warn("Node {address} is gone", { address });
  }

  #key(): string {
    return PREFIX + this.self.address;
  }
}
