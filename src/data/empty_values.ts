/** Empty values count as absent: null, which programs write, and the empty text. */
import { isMapping } from "../runtime/mapping.ts";

/** Resources are less deep. */
const MAX_DEPTH = 12;

/**
 * Returns a copy without empty properties and items, or the same object where there are none.
 * @param dropsMappings whether mappings without any property left are dropped, too
 */
export function withoutEmptyProperties(document: unknown, dropsMappings = false): unknown {
  return filled(document, dropsMappings, 0);
}

function filled(value: unknown, dropsMappings: boolean, depth: number): unknown {
  if (typeof value !== "object" || value === null || depth > MAX_DEPTH) return value;
  if (Array.isArray(value)) {
    const items = value.filter(isFilled).map((item) => filled(item, dropsMappings, depth + 1));
    return items.length === value.length && items.every((item, i) => item === value[i]) ? value : items;
  }
  let isSame = true;
  const copy: Record<string, unknown> = {};
  for (const [name, part] of Object.entries(value)) {
    const kept = isFilled(part) ? filled(part, dropsMappings, depth + 1) : undefined;
    const isHollow = dropsMappings && kept !== part && isEmptyMapping(kept);
    if (kept !== part || isHollow) isSame = false;
    if (kept !== undefined && !isHollow) copy[name] = kept;
  }
  return isSame ? value : copy;
}

function isFilled(value: unknown): boolean {
  return value !== null && value !== "";
}

function isEmptyMapping(value: unknown): boolean {
  return isMapping(value) && Object.keys(value).length === 0;
}
