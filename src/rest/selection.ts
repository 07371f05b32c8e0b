/** Selection of a page out of the items that match a filter. */
import type { Directory } from "../data/directory.ts";
import type { Kind, Resource } from "../data/resource.ts";
import { propertyOf } from "../data/shown_document.ts";
import { Turn } from "../runtime/turn.ts";
import { parseFilter } from "./filter/filter.ts";
import { FilterError } from "./filter/filter_error.ts";
import { documentReader, type PropertyReader } from "./filter/property_reader.ts";
import { HttpError } from "./http/http_error.ts";
import { type Page, PageBuilder, type PageRequest } from "./paging.ts";

export interface SelectionRequest extends PageRequest {
  readonly filter?: string;
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
  request: PageRequest,
  take: (item: Item) => Taken | undefined,
): Promise<Page<Taken>> {
  const builder = new PageBuilder<Taken>(request);
  const turn = new Turn(TURN_MS);
  let seen = 0;
  for (const item of items) {
    const taken = take(item);
    if (taken !== undefined) builder.add(taken);
    if (++seen % ITEMS_PER_CHECK === 0 && turn.isOver) await turn.next();
  }
  return builder.page;
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
