/** Natural keys, which find a resource that a document names without its ref. */
import type { Kind } from "../../data/resource.ts";
import type { ApiClient } from "./api_client.ts";
import { ApiError, ClientError } from "./client_error.ts";
import type { TypedDocument } from "./documents.ts";
import type { ResourceType } from "./resource_types.ts";
import { valueAtPath } from "./table.ts";

const USERNAME = "spec.credentials.username";

/** The property that is unique within a kind; among agents, within a domain. */
const KEYS: Readonly<Record<Kind, string>> = {
  Agent: USERNAME,
  Domain: "spec.context.domainUri",
  Peer: USERNAME,
  Gateway: "spec.host",
  DID: "spec.location.telUrl",
  User: USERNAME,
};

const NOT_FOUND = 404;

/** Returns the ref of a document's resource; undefined when there is none. Throws `ClientError` when several match. */
export async function findRef(
  client: ApiClient,
  { type, document }: TypedDocument,
): Promise<string | undefined> {
  const ref = valueAtPath(document, "metadata.ref");
  if (typeof ref === "string" && await exists(client, `/${type.collection}/${encodeURIComponent(ref)}`)) {
    return ref;
  }
  const path = KEYS[type.kind];
  const key = valueAtPath(document, path);
  // The service reports the fault of a document without a key.
  if (key === undefined) return undefined;
  const candidates = await client.list(`/${type.collection}`, keyFilter(path, String(key)));
  const matches = type.kind === "Agent"
    ? candidates.filter((each) => hasSameDomain(each, document))
    : candidates;
  if (matches.length > 1) {
    throw new ClientError(
      `There are ${matches.length} ${type.collection} with ${path} "${key}": give metadata.ref`,
    );
  }
  const found = valueAtPath(matches[0], "metadata.ref");
  return typeof found === "string" ? found : undefined;
}

/** Returns the natural key of a document for messages. */
export function keyOf({ kind }: ResourceType, document: unknown): string {
  return String(
    valueAtPath(document, "metadata.ref") ?? valueAtPath(document, KEYS[kind]) ?? "without a key",
  );
}

/** Returns a filter for a key. This server keeps host names in lower case, Routr v1 as they were written. */
function keyFilter(path: string, key: string): string {
  const spellings = new Set([key, key.toLowerCase()]);
  const [first, ...others] = [...spellings].map((text) => `'${text.replaceAll(/[\\']/g, "\\$&")}'`);
  return others.length === 0 ? `@.${path}==${first}` : `@.${path} in [${first},${others}]`;
}

async function exists(client: ApiClient, path: string): Promise<boolean> {
  try {
    await client.get(path);
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status === NOT_FOUND) return false;
    throw error;
  }
}

function hasSameDomain(a: unknown, b: unknown): boolean {
  const domains = new Set(domainsOf(a));
  return domainsOf(b).some((domain) => domains.has(domain));
}

function domainsOf(document: unknown): string[] {
  const domains = valueAtPath(document, "spec.domains");
  return Array.isArray(domains) ? domains.map((domain) => String(domain).toLowerCase()) : [];
}
