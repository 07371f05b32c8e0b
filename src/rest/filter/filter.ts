/**
 * Filters of collections: JSONPath predicates as in Routr v1, such as
 * `@.spec.credentials.username=='1001' && 'sip.local' in @.spec.domains`. No code is evaluated, and patterns take linear
 * time.
 */
import { FilterError } from "./filter_error.ts";
import { FilterParser, type PropertyReader, type Test } from "./filter_parser.ts";

const MAX_FILTER_LENGTH = 4096;

/** The beginning of a predicate in Jayway's syntax: `*.[?(EXPR)]`, `$[?(EXPR)]`. */
const OPENING = /^\s*(?:\*|\$)?\.{0,2}(?:\*\.?)?\[\?\(/;
const CLOSING = ")]";

/** Returns the test of a filter; undefined when it matches everything. Throws `FilterError`. */
export function parseFilter<Item>(filter: string, reader: PropertyReader<Item>): Test<Item> | undefined {
  if (filter.length > MAX_FILTER_LENGTH) {
    throw new FilterError(`Longer than ${MAX_FILTER_LENGTH} characters`, MAX_FILTER_LENGTH);
  }
  const { text, offset } = unwrapped(filter);
  if (text === "" || text === "*" || text === "@") return undefined;
  return new FilterParser(text, offset, reader).parse();
}

/** Returns the predicate alone, and its offset in the filter. */
function unwrapped(filter: string): { text: string; offset: number } {
  const [opening] = OPENING.exec(filter) ?? [];
  const end = filter.trimEnd().length;
  const inside = opening !== undefined && filter.endsWith(CLOSING, end)
    ? filter.slice(opening.length, end - CLOSING.length)
    : undefined;
  const text = (inside ?? filter).trimStart();
  const offset = inside === undefined ? filter.length - text.length : end - CLOSING.length - text.length;
  return { text: text.trimEnd(), offset };
}
