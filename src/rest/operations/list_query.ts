import { integer, text } from "../../data/property_types.ts";
import { MAX_ITEMS_PER_PAGE } from "../paging.ts";

/** Query parameters of lists. */
export const LIST_QUERY = {
  filter: text("a filter").optional()
    .describe("Which ones, such as @.spec.credentials.username=='1001'; all if left out, or `*`."),
  page: integer({ min: 1, max: Number.MAX_SAFE_INTEGER }).default(1).describe("Counted from 1."),
  itemsPerPage: integer({ min: 1, max: MAX_ITEMS_PER_PAGE }).default(30).describe("How many a page has."),
};
