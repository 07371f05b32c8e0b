/**
 * Filters of collections: predicates of JSONPath as Routr v1 has them, such as
 * `@.spec.credentials.username=='1001' && 'sip.local' in @.spec.domains`. Everything that a filter can say is said here:
 * nothing is evaluated, and a pattern takes linear time.
 */
import { FilterError } from "./filter_error.ts";
import { FilterParser, type Test } from "./filter_parser.ts";
import type { PropertyReader } from "./property_reader.ts";

/** Characters. */
const LONGEST = 4096;

/** What Jayway's syntax has before a predicate: `*.[?(EXPR)]`, `$[?(EXPR)]`. */
const OPENING = /^\s*(?:\*|\$)?\.{0,2}(?:\*\.?)?\[\?\(/;
const CLOSING = ")]";

/** Whether an item is wanted; undefined when all are. Throws `FilterError`. */
export function parseFilter<Item>(filter: string, reader: PropertyReader<Item>): Test<Item> | undefined {
  if (filter.length > LONGEST) throw new FilterError(`Longer than ${LONGEST} characters`, LONGEST);
  const { text, offset } = unwrapped(filter);
  if (text === "" || text === "*" || text === "@") return undefined;
  return new FilterParser(text, offset, reader).parse();
}

/** The predicate alone, and where in the filter it begins. */
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
