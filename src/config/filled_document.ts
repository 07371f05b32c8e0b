/** An empty value in the configuration is the same as none. */

/** Returns a copy without null, also as a text, and blank texts; lists and mappings stay when they become empty. */
export function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter(isFilled).map(withoutEmpty);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).filter(([, entry]) => isFilled(entry)).map((
      [name, entry],
    ) => [name, withoutEmpty(entry)]),
  );
}

function isFilled(value: unknown): boolean {
  return value !== null && !(typeof value === "string" && /^\s*(?:~|null)?\s*$/i.test(value));
}
