/** The part of a collection that a request asks for: what its filter matches, and of that a page. */
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

/** Milliseconds that a selection keeps the thread at a time: calls go first. */
const TURN = 1;
/** Looking at the clock costs more than looking at an item; the worst filter takes half a millisecond for one. */
const ITEMS_BETWEEN_LOOKS = 8;

/** In the order in which they are kept. Rejects with `HttpError` 400 for a filter that cannot be read. */
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

/** The same of anything, as it is shown; what is shown as undefined is not there any more. */
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
  const turn = new Turn(TURN);
  let seen = 0;
  for (const item of items) {
    const taken = take(item);
    if (taken !== undefined) builder.add(taken);
    if (++seen % ITEMS_BETWEEN_LOOKS === 0 && turn.isOver) await turn.next();
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
