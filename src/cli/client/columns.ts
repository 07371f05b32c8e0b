/** The columns of each list. */
import type { Kind } from "../../data/resource.ts";
import { type Column, valueAtPath } from "./table.ts";

const REF = column("REF", "metadata.ref");
const NAME = column("NAME", "metadata.name");
const USERNAME = column("USERNAME", "spec.credentials.username");

export const RESOURCE_COLUMNS: Readonly<Record<Kind, readonly Column[]>> = {
  Agent: [REF, NAME, USERNAME, column("DOMAINS", "spec.domains")],
  Domain: [
    REF,
    NAME,
    column("DOMAIN", "spec.context.domainUri"),
    column("EGRESS RULE", "spec.context.egressPolicy.rule"),
    // Later releases of Routr v1 write `numberRef`.
    column("EGRESS DID", "spec.context.egressPolicy.didRef", "spec.context.egressPolicy.numberRef"),
  ],
  Peer: [REF, NAME, USERNAME, column("DEVICE", "spec.device"), column("CONTACT ADDRESS", "spec.contactAddr")],
  Gateway: [
    REF,
    NAME,
    column("HOST", "spec.host"),
    column("PORT", "spec.port"),
    column("TRANSPORT", "spec.transport"),
    USERNAME,
  ],
  DID: [
    REF,
    column("NUMBER", "spec.location.telUrl"),
    column("RINGS", "spec.location.aorLink"),
    column("GATEWAY", "metadata.gwRef"),
    column("CITY", "metadata.geoInfo.city"),
    column("COUNTRY", "metadata.geoInfo.country"),
  ],
  User: [REF, NAME, USERNAME],
};

/** The columns of `routr locate`, which has a row for each contact of each address-of-record. */
export const LOCATION_COLUMNS: readonly Column[] = [
  column("ADDRESS-OF-RECORD", "addressOfRecord"),
  column("CONTACT", "contact.uri", "contactInfo"),
  column("ADDRESS", "contact.address"),
  column("PORT", "contact.port"),
  column("TRANSPORT", "contact.transport"),
  column("EXPIRES", "contact.expires"),
];

export const REGISTRY_COLUMNS: readonly Column[] = [
  column("USERNAME", "username"),
  column("HOST", "host"),
  column("IP", "ip"),
  column("STATE", "state"),
  column("EXPIRES", "expires"),
  column("REGISTERED", "regOnFormatted"),
  column("REASON", "reason"),
];

export const CALL_COLUMNS: readonly Column[] = [
  column("ID", "id"),
  column("FROM", "from"),
  column("TO", "to"),
  column("ACCOUNT", "account"),
  column("ADDRESS", "address"),
  column("DIRECTION", "direction"),
  column("STATE", "state"),
  time("STARTED", "startedAt"),
  time("ANSWERED", "answeredAt"),
  column("GATEWAY", "gatewayRef"),
];

/** The columns of ended calls. */
export const ENDED_CALL_COLUMNS: readonly Column[] = [
  column("FROM", "from"),
  column("TO", "to"),
  column("ACCOUNT", "account"),
  column("ADDRESS", "address"),
  column("GATEWAY", "gatewayRef"),
  time("ENDED", "endedAt"),
  column("CAUSE", "cause"),
  column("STATUS", "status"),
  column("REASON", "reason"),
  column("BY", "endedBy"),
];

export const BAN_COLUMNS: readonly Column[] = [
  column("NETWORK", "network"),
  column("SINCE", "since"),
  column("UNTIL", "until"),
  column("TIMES", "count"),
  column("REASON", "reason"),
  column("USERS", "users"),
  column("SHARED", "isShared"),
];

/** The columns of the requests that were refused to an address or user. */
export const REFUSAL_COLUMNS: readonly Column[] = [
  column("TIME", "time"),
  column("METHOD", "method"),
  column("ADDRESS", "address"),
  column("PORT", "port"),
  column("TRANSPORT", "transport"),
  column("STATUS", "status"),
  column("CAUSE", "cause"),
];

/** Returns a row for each contact. Routr v1 tells the first contact only, as text. */
export function locationRows(locations: readonly unknown[]): unknown[] {
  return locations.flatMap((location) => {
    const contacts = valueAtPath(location, "contacts");
    if (!Array.isArray(contacts) || contacts.length === 0) return [location];
    const addressOfRecord = valueAtPath(location, "addressOfRecord");
    return contacts.map((contact: unknown) => ({ addressOfRecord, contact }));
  });
}

/** A column with the value at the first path that leads to one. */
function column(title: string, ...paths: readonly string[]): Column {
  return {
    title,
    cell: (row) => paths.map((path) => valueAtPath(row, path)).find((value) => value !== undefined),
  };
}

/** A column with a time in milliseconds since 1970. */
function time(title: string, path: string): Column {
  return {
    title,
    cell(row) {
      const value = valueAtPath(row, path);
      return typeof value === "number" ? new Date(value).toISOString() : value;
    },
  };
}
