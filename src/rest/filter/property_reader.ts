/** How filters get at what they judge. */
import { valueAt } from "../../data/document_problems.ts";
import type { PropertyPath } from "../../data/fault.ts";

/** How the property at a path is read out of an item; undefined where there is none. */
export type PropertyReader<Item> = (path: PropertyPath) => (item: Item) => unknown;

/** What reads a plain document. */
export function documentReader(path: PropertyPath): (document: unknown) => unknown {
  return (document) => valueAt(document, path);
}
