/** Banned addresses: `/bans`. */
import type { Ban } from "../../core/access/bans.ts";
import type { JsonSchema } from "../../data/json_schema.ts";
import { readAddress } from "../../runtime/ip/written_address.ts";
import { bareJson, enveloped } from "../http/envelope.ts";
import { HttpError } from "../http/http_error.ts";
import { BASE_PATH, type Operation, operation } from "../operation.ts";
import { LIST_QUERY, selectItems } from "../selection.ts";

export interface BansControl {
  /** Returns bans in force, the latest first. */
  list(): readonly Ban[];
  /** Ends the ban of an address; false when it is not banned. */
  lift(address: string): boolean;
}

/** A ban in answers. */
export const BAN: JsonSchema = {
  type: "object",
  required: ["address", "network", "since", "until", "count", "reason", "users", "isShared"],
  properties: {
    address: { type: "string", examples: ["192.0.2.7"] },
    network: { type: "string", description: "What is banned: an IPv4 address or an IPv6 /64." },
    since: { type: "string", format: "date-time" },
    until: { type: "string", format: "date-time" },
    count: { type: "integer", description: "How often the address was banned lately." },
    reason: { type: "string" },
    users: { type: "array", items: { type: "string" }, description: "User names that were tried." },
    isShared: {
      type: "boolean",
      description: "Phones are registered there: they are served, others at the address are heard slowly.",
    },
  },
};

const TAG = "access";

export function bansOperations(bans: BansControl): Operation[] {
  return [
    operation({
      method: "GET",
      path: `${BASE_PATH}/bans`,
      id: "listBans",
      tag: TAG,
      summary: "Lists banned addresses",
      description: "The latest first. Each node has bans of its own.",
      query: LIST_QUERY,
      answers: { 200: { description: "A page.", data: { type: "array", items: BAN } } },
      async handle({ query }) {
        const { items, meta } = await selectItems(bans.list(), shownBan, query);
        return enveloped(items, { meta });
      },
    }),
    operation({
      method: "DELETE",
      path: `${BASE_PATH}/bans/{address}`,
      id: "liftBan",
      tag: TAG,
      parameters: {
        address:
          "An IPv4 or IPv6 address, percent-encoded; of IPv6, any address of the banned /64, or the /64.",
      },
      summary: "Lifts the ban of an address, and forgets what it did",
      answers: {
        200: {
          description: "Done.",
          content: {
            type: "application/json",
            schema: {
              type: "object",
              properties: { status: { type: "string" }, message: { type: "string" } },
            },
          },
        },
        404: { description: "It is not banned." },
      },
      handle({ parameters }) {
        const address = readAddress(parameters.address);
        if (address === undefined) throw new HttpError(400, "Bad request: expected an IP address");
        if (!bans.lift(address)) throw new HttpError(404, `${address} is not banned`);
        return bareJson({ status: "200", message: "The ban is lifted." });
      },
    }),
  ];
}

/** Returns a ban as answers have it. */
export function shownBan({ address, network, since, until, count, reason, users, isShared }: Ban) {
  return {
    address,
    network,
    since: new Date(since).toISOString(),
    until: new Date(until).toISOString(),
    count,
    reason,
    users,
    isShared,
  };
}
