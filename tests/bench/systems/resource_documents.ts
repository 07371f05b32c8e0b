/** The resource files of a directory as documents with refs, as services keep them. */
import { join } from "node:path";
import { KINDS } from "../../../src/data/resource.ts";
import { readYamlList } from "../../../src/data/yaml/yaml_reader.ts";
import type { Document } from "../../support/resources.ts";

/** By collection; those without a file are left out. */
export async function readDocuments(directory: string): Promise<Record<string, Document[]>> {
  const documents: Record<string, Document[]> = {};
  for (const { collections: [collection], refPrefix } of Object.values(KINDS)) {
    const text = await Deno.readTextFile(join(directory, `${collection}.yaml`)).catch(() => undefined);
    if (text === undefined) continue;
    const { items } = await readYamlList(text, (item) => item as Document);
    documents[collection] = items.map((document, index) => withRef(document, `${refPrefix}${index}`));
  }
  return documents;
}

/** Generated refs are of 24 bits, and some of many are the same. */
function withRef(document: Document, ref: string): Document {
  return { ...document, metadata: { ref, ...document.metadata as Document } };
}
