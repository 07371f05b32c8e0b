/** Selection of a page out of the items that match a filter. */
import type * as z from "zod";
import type { Directory } from "../data/directory.ts";
import { integer, text } from "../data/property_types.ts";
import type { Kind, Resource } from "../data/resource.ts";
import { propertyOf } from "../data/shown_document.ts";
import { Turn } from "../runtime/turn.ts";
import { parseFilter } from "./filter/filter.ts";
import { FilterError } from "./filter/filter_error.ts";
import { documentReader, type PropertyReader } from "./filter/filter_parser.ts";
import type { PageMeta } from "./http/envelope.ts";
import { HttpError } from "./http/http_error.ts";

const MAX_ITEMS_PER_PAGE = 10_000;

/** Query parameters of lists. */
export const LIST_QUERY = {
  filter: text("a filter").optional()
    .describe("Which ones, such as @.spec.credentials.username=='1001'; all if left out, or `*`."),
  page: integer({ min: 1, max: Number.MAX_SAFE_INTEGER }).default(1).describe("Counted from 1."),
  itemsPerPage: integer({ min: 1, max: MAX_ITEMS_PER_PAGE }).default(30).describe("How many a page has."),
};

export type SelectionRequest = z.output<z.ZodObject<typeof LIST_QUERY>>;

/** A page; one beyond the last has no items. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly meta: PageMeta;
}

/** A selection keeps the thread for this time before it lets calls proceed. */
const TURN_MS = 1;
/** Reading the clock costs more than testing an item; the worst filter takes half a millisecond. */
const ITEMS_PER_CHECK = 8;

/** Selects resources in the order of the directory. Rejects with `HttpError` 400 for a malformed filter. */
export async function selectResources(
  directory: Directory,
  kind: Kind,
  request: SelectionRequest,
): Promise<Page<Resource>> {
  const isWanted = readFilter<Resource>(request.filter, (path) => propertyOf(kind, path));
  return await select(directory.resources(kind), request, (resource) => {
    return isWanted === undefined || isWanted(resource) ? resource : undefined;
  });
}

/** Selects items by the form in which they are shown; those shown as undefined are gone. */
export async function selectItems<Item, Shown>(
  items: Iterable<Item>,
  show: (item: Item) => Shown | undefined,
  request: SelectionRequest,
): Promise<Page<Shown>> {
  const isWanted = readFilter<Shown>(request.filter, documentReader);
  return await select(items, request, (item) => {
    const shown = show(item);
    return shown === undefined || isWanted === undefined || isWanted(shown) ? shown : undefined;
  });
}

async function select<Item, Taken>(
  items: Iterable<Item>,
  { page, itemsPerPage }: SelectionRequest,
  take: (item: Item) => Taken | undefined,
): Promise<Page<Taken>> {
  const selected: Taken[] = [];
  const turn = new Turn(TURN_MS);
  let seen = 0;
  let totalItems = 0;
  for (const item of items) {
    const taken = take(item);
    if (taken !== undefined) {
      const position = totalItems++ - (page - 1) * itemsPerPage;
      if (position >= 0 && position < itemsPerPage) selected.push(taken);
    }
    if (++seen % ITEMS_PER_CHECK === 0 && turn.isOver) await turn.next();
  }
  const totalPages = Math.ceil(totalItems / itemsPerPage);
  return { items: selected, meta: { currentPage: page, totalPages, itemsPerPage, totalItems } };
}

function readFilter<Item>(filter: string | undefined, reader: PropertyReader<Item>) {
  try {
    return parseFilter(filter ?? "", reader);
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    const message = `${error.message} at position ${error.position}`;
    throw new HttpError(400, `Bad request: filter: ${message}`, {
      details: [{ pointer: "filter", message }],
    });
  }
}
