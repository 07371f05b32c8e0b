import { hash } from "node:crypto";

/** Characters of the longest document in JSON. */
export const MAX_DOCUMENT_LENGTH = 1024 * 1024;
/** Resources have five levels. */
const MAX_LEVELS = 64;

/**
 * Returns a text that differs whenever the content does; the order of properties is no content. Undefined for a
 * document that is larger or deeper than any resource.
 */
export function documentHash(document: unknown): string | undefined {
  const text = canonicalJson(document, MAX_LEVELS);
  return text === undefined || text.length > MAX_DOCUMENT_LENGTH ? undefined : hash("sha256", text, "base64");
}

/** Returns JSON with sorted names; undefined when there are more levels. */
function canonicalJson(value: unknown, levels: number): string | undefined {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (levels === 0) return undefined;
  const isList = Array.isArray(value);
  const parts: string[] = [];
  for (const name of isList ? value.keys() : Object.keys(value).sort()) {
    const part = canonicalJson(value[name as keyof typeof value], levels - 1);
    if (part === undefined) return undefined;
    parts.push(isList ? part : `${JSON.stringify(name)}:${part}`);
  }
  return isList ? `[${parts.join(",")}]` : `{${parts.join(",")}}`;
}
