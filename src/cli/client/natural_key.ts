/** How a resource is found again that was written without its ref. */
import type { Kind } from "../../data/resource.ts";
import type { ApiClient } from "./api_client.ts";
import { ApiError, ClientError } from "./client_error.ts";
import type { TypedDocument } from "./documents.ts";
import type { ResourceType } from "./resource_types.ts";
import { valueAtPath } from "./table.ts";

const USERNAME = "spec.credentials.username";

/** What no two of a kind have in common; of agents, those of one domain. */
const KEYS: Readonly<Record<Kind, string>> = {
  Agent: USERNAME,
  Domain: "spec.context.domainUri",
  Peer: USERNAME,
  Gateway: "spec.host",
  DID: "spec.location.telUrl",
  User: USERNAME,
};

const NOT_FOUND = 404;

/** The ref of the resource that the document is of; undefined when there is none. Throws `ClientError` if it may be several. */
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
  // The service will say what is wrong with a document without a key.
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

/** What a document without a ref is known by, for people. */
export function keyOf({ kind }: ResourceType, document: unknown): string {
  return String(
    valueAtPath(document, "metadata.ref") ?? valueAtPath(document, KEYS[kind]) ?? "without a key",
  );
}

/** Names of hosts are kept in lower case here, and as they were written by Routr v1. */
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
