/** Many documents in a place that takes one at a time. */
import type { DataProvider, NewDocument } from "./data_provider.ts";
import { valueAt } from "./document_problems.ts";
import type { Kind } from "./resource.ts";
import { refuseRepeatedRefs } from "./write_refusal.ts";

/**
 * All of them or, if one is refused, none: those already made are rolled back. Others may see them until then, and
 * what cannot be rolled back stays. Resolves with their refs.
 */
export async function createOneByOne(
  provider: DataProvider,
  kind: Kind,
  documents: readonly NewDocument[],
): Promise<readonly string[]> {
  refuseRepeatedRefs(documents);
  const refs: string[] = [];
  try {
    for (const { ref, document } of documents) {
      refs.push(await provider.write({ action: "create", kind, ref, document }));
    }
    return refs;
  } catch (error) {
    await rollBack(provider, kind, new Set(refs));
    throw error;
  }
}

/** Removes documents that were just made, as far as that can be done: what was made has its ref in it. */
export async function rollBack(
  provider: DataProvider,
  kind: Kind,
  refs: ReadonlySet<string>,
): Promise<void> {
  if (refs.size === 0) return;
  for (const source of await provider.load()) {
    if (source.kind !== kind) continue;
    // From the end, so that those that are left stay where they are.
    for (const [index, resource] of [...source.resources.entries()].reverse()) {
      if (resource === undefined || !refs.has(resource.ref)) continue;
      const place = { source, index };
      const stored = await provider.read(place).catch(() => undefined);
      if (stored === undefined || valueAt(stored.document, ["metadata", "ref"]) !== resource.ref) continue;
      await provider.write({ action: "remove", place, ref: resource.ref, version: stored.version })
        .catch(() => undefined);
    }
  }
}
