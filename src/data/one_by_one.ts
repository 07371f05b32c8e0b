/** Creates many documents in a storage that takes one at a time. */
import type { DataProvider, NewDocument } from "./data_provider.ts";
import { valueAt } from "./document_problems.ts";
import type { Kind } from "./resource.ts";
import { refuseRepeatedRefs } from "./write_refusal.ts";

/**
 * Creates all documents and resolves with their refs; when one is refused, rolls back the others and rejects. Others
 * may see the documents until then, and those that cannot be removed stay.
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

/** Removes documents that were just made, as far as possible. They have their refs in them. */
export async function rollBack(
  provider: DataProvider,
  kind: Kind,
  refs: ReadonlySet<string>,
): Promise<void> {
  if (refs.size === 0) return;
  for (const source of await provider.load()) {
    if (source.kind !== kind) continue;
    // From the end, so that positions stay valid.
    for (const [index, resource] of [...source.resources.entries()].reverse()) {
      if (resource === undefined || !refs.has(resource.ref)) continue;
      const address = { source, index };
      const stored = await provider.read(address).catch(() => undefined);
      if (stored === undefined || valueAt(stored.document, ["metadata", "ref"]) !== resource.ref) continue;
      await provider.write({ action: "remove", address, ref: resource.ref, version: stored.version })
        .catch(() => undefined);
    }
  }
}
