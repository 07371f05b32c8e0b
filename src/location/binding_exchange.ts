/** The connection between nodes that share bindings. */
import type { BindingEntry } from "./binding_entry.ts";
import type { NodeRecord } from "./binding_record.ts";

/** Bindings of several nodes: a list that all nodes read, and messages about its changes. */
export interface BindingExchange {
  /** Reports whether the exchange can be reached. Its interruptions are logged by itself. */
  readonly isUp: boolean;

  /** Resolves with the wall clock of the exchange in milliseconds: clocks of nodes may be wrong. */
  time(): Promise<number>;

  /**
   * Stores the entries that are later (`isLater`) than the stored ones, removes lost bindings that are stored unchanged, and
   * tells the other nodes what took effect, all in one step. Entries disappear when their lifetime ends. Rejects with an
   * `Error` whose message says why.
   */
  publish(message: BindingMessage): Promise<void>;

  /** Resolves with everything that is stored. Rejects like `publish`. */
  readAll(): Promise<StoredBindings>;

  /**
   * Calls `onMessage` with each message, also with this node's own, and `onReady` each time the subscription comes into
   * force: earlier messages may have been missed.
   */
  subscribe(onMessage: (message: BindingMessage) => void, onReady: () => void): void;
}

/** Changes of one address-of-record. */
export interface BindingMessage {
  /** The node that made the changes. */
  readonly node: NodeRecord;
  readonly aor: string;
  readonly entries: readonly BindingEntry[];
  /** Bindings whose connection has ended. */
  readonly lost: readonly LostBinding[];
}

export interface LostBinding {
  readonly id: string;
  readonly callId: string;
  readonly cseq: number;
}

export interface StoredBindings {
  /** Entries by address-of-record and binding id, with their remaining lifetime. */
  readonly byAor: ReadonlyMap<string, ReadonlyMap<string, BindingEntry>>;
  /** Addresses of the nodes that have flows of these bindings. */
  readonly nodes: ReadonlySet<string>;
}

/** The nodes that share bindings. */
export interface SharingNodes {
  readonly self: NodeRecord;
  /** Notes a sign of life. */
  note(node: NodeRecord): void;
  /** Finds out which nodes are alive, these included. Rejects when that is unknown. */
  refresh(addresses: Iterable<string>): Promise<void>;
}
