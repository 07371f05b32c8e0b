/** Access of filters to properties. */
import { valueAt } from "../../data/document_problems.ts";
import type { PropertyPath } from "../../data/fault.ts";

/** Returns a function that reads the property at a path; it returns undefined for a missing one. */
export type PropertyReader<Item> = (path: PropertyPath) => (item: Item) => unknown;

/** A `PropertyReader` of plain documents. */
export function documentReader(path: PropertyPath): (document: unknown) => unknown {
  return (document) => valueAt(document, path);
}
