import type { Fault, Position, Problem } from "./fault.ts";
import type { Kind, Resource } from "./resource.ts";

/**
 * Where resources are kept: files, a redis server, a REST service. A provider reads documents and checks each by itself
 * with `readResource`; how documents go together is checked above it, for all providers alike (`resource_checks.ts`).
 */
export interface DataProvider {
  /**
   * All that there is now. A source that has not changed since the last call is returned as the same object, or at least
   * with the same resource objects. A collection that does not exist is no source; it is no fault either. Never throws:
   * what cannot be read is a source that is not `readable`.
   */
  load(): Promise<readonly Source[]>;

  /** Where each problem stands, as far as the place has lines and still is as it was loaded. */
  locate(source: Source, problems: readonly DocumentProblem[]): Promise<readonly (Position | undefined)[]>;

  /**
   * Calls back, within a second, after something may have changed; one call may stand for many changes. At most one
   * watcher at a time. The callback must not throw.
   */
  watch(onChange: () => void): void;

  /** Ends watching and gives up connections. */
  close(): void;
}

/** A problem of the document at position `index` of its source. */
export interface DocumentProblem extends Problem {
  readonly index: number;
}

/** Documents of one kind that change together: a file, or a collection of a server. */
export interface Source {
  readonly kind: Kind;
  /** As faults name it: `config/agents.yaml`. */
  readonly name: string;
  /** By position; undefined where a document is faulty. Empty when the source could not be read. */
  readonly resources: readonly (Resource | undefined)[];
  /** Whether the text could be read at all. */
  readonly readable: boolean;
  readonly faults: readonly Fault[];
  readonly warnings: readonly string[];
  /** Refs and domain URIs that the faulty documents declare: whoever refers to them is not at fault. */
  readonly declared: readonly string[];
}
