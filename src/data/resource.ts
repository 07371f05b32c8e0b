import type * as z from "zod";
import { type Agent, agentSchema } from "./agent.ts";
import { type Did, didSchema } from "./did.ts";
import { documentProblems, valueAt } from "./document_problems.ts";
import { type Domain, domainSchema } from "./domain.ts";
import { withoutEmptyProperties } from "./empty_values.ts";
import type { Problem, PropertyPath } from "./fault.ts";
import { firstGeneratedRef, laterGeneratedRef } from "./generated_ref.ts";
import { type Gateway, gatewaySchema } from "./gateway.ts";
import { type Peer, peerSchema } from "./peer.ts";
import { nameOfUnknown, type Tolerance, tolerateNothing, without } from "./unknown_properties.ts";
import { type User, userSchema } from "./user.ts";

/** A configured and checked resource, as the server uses it. */
export type Resource = Agent | Domain | Peer | User | Gateway | Did;
export type Kind = Resource["kind"];

interface KindDefinition {
  readonly schema: z.ZodType<Resource>;
  /** The names of files and sets with resources of this kind. */
  readonly collections: readonly string[];
  /** The beginning of generated refs. */
  readonly refPrefix: string;
}

/** In the order of references: each kind refers only to kinds before it. */
export const KINDS: Readonly<Record<Kind, KindDefinition>> = {
  User: { schema: userSchema, collections: ["users"], refPrefix: "us" },
  Peer: { schema: peerSchema, collections: ["peers"], refPrefix: "pr" },
  Gateway: { schema: gatewaySchema, collections: ["gateways"], refPrefix: "gw" },
  DID: { schema: didSchema, collections: ["dids", "numbers"], refPrefix: "dd" },
  Domain: { schema: domainSchema, collections: ["domains"], refPrefix: "dm" },
  Agent: { schema: agentSchema, collections: ["agents"], refPrefix: "ag" },
};

/** A resource, or every problem of its document. */
export interface ResourceReading {
  readonly resource?: Resource;
  readonly problems?: readonly Problem[];
  /** Names of the faulty document that others may refer to. */
  readonly declared?: readonly string[];
  /** Unknown properties, which have no effect. */
  readonly unknown?: readonly string[];
}

/**
 * Reads the document of a resource. Empty properties count as absent.
 * @param tolerates tells which unknown properties are no fault
 */
export function readResource(
  kind: Kind,
  document: unknown,
  tolerates: Tolerance = tolerateNothing,
): ResourceReading {
  const { resource } = parse(kind, document);
  if (resource !== undefined) return { resource };
  const tidy = withoutEmptyProperties(document);
  const reading = readKnown(kind, tidy, tolerates);
  if (reading.resource !== undefined) return reading;
  const hollow = withoutEmptyProperties(document, true);
  const last = hollow === tidy ? reading : readKnown(kind, hollow, tolerates);
  if (last.resource !== undefined) return last;
  return { ...reading, declared: declaredNames(kind, document) };

  function readKnown(kind: Kind, candidate: unknown, tolerates: Tolerance): ResourceReading {
    const { resource, error } = parse(kind, candidate);
    if (resource !== undefined) return { resource };
    const problems = documentProblems(error, document);
    const tolerated = problems.filter((problem) => problem.at === "key" && tolerates(problem, candidate));
    if (tolerated.length === 0) return { problems };
    const known = parse(kind, without(candidate, tolerated.map(({ path }) => path)));
    if (known.resource !== undefined) {
      return { resource: known.resource, unknown: tolerated.map(nameOfUnknown) };
    }
    return { problems: documentProblems(known.error, document) };
  }
}

type Parsing =
  | { readonly resource: Resource; readonly error?: undefined }
  | { readonly resource?: undefined; readonly error: z.ZodError };

function parse(kind: Kind, document: unknown): Parsing {
  const { success, data, error } = KINDS[kind].schema.safeParse(document);
  return success ? { resource: data } : { error };
}

/** Returns the names for references: refs of gateways and DIDs, URIs of domains. */
export function namesOf(resource: Resource): readonly string[] {
  if (resource.kind === "Domain") return [resource.domainUri];
  if (resource.kind !== "Gateway" && resource.kind !== "DID") return [];
  return resource.otherRef === undefined ? [resource.ref] : [resource.ref, resource.otherRef];
}

/** Returns the names that a faulty document declares, as far as they can be read. */
function declaredNames(kind: Kind, document: unknown): string[] {
  if (kind === "Domain") {
    return textsAt(document, ["spec", "context", "domainUri"]).map((uri) => uri.toLowerCase());
  }
  const given = textsAt(document, ["metadata", "ref"]);
  if (given.length > 0 || (kind !== "Gateway" && kind !== "DID")) return given;
  const { refPrefix } = KINDS[kind];
  return textsAt(document, kind === "Gateway" ? ["spec", "host"] : ["spec", "location", "telUrl"])
    .flatMap((key) => [firstGeneratedRef(refPrefix, key), laterGeneratedRef(refPrefix, key)]);
}

function textsAt(document: unknown, path: PropertyPath): string[] {
  const value = valueAt(document, path);
  return typeof value === "string" ? [value] : [];
}

/** Returns what identifies a resource among its kind; generated refs are made from it. */
export function naturalKey(resource: Resource): string {
  switch (resource.kind) {
    case "Agent":
      return resource.username + resource.domains[0];
    case "Domain":
      return resource.domainUri;
    case "Gateway":
      return resource.host;
    case "DID":
      return resource.telUrl;
    case "Peer":
    case "User":
      return resource.username;
  }
}
