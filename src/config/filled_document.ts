/** Documents of the configuration without what is empty: an empty value is the same as none. */

/** A copy without entries and items that are null (which YAML writes `~` in lists) or empty text; lists and mappings that become empty by that stay. */
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
