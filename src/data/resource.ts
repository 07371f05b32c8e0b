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

/** What operators configure, checked, in the form that the server works with. */
export type Resource = Agent | Domain | Peer | User | Gateway | Did;
export type Kind = Resource["kind"];

interface KindDefinition {
  readonly schema: z.ZodType<Resource>;
  /** Names of the files and sets that hold resources of this kind. */
  readonly collections: readonly string[];
  /** What generated refs begin with. */
  readonly refPrefix: string;
}

/** In the order in which resources refer to each other: each kind only to kinds before it. */
export const KINDS: Readonly<Record<Kind, KindDefinition>> = {
  User: { schema: userSchema, collections: ["users"], refPrefix: "us" },
  Peer: { schema: peerSchema, collections: ["peers"], refPrefix: "pr" },
  Gateway: { schema: gatewaySchema, collections: ["gateways"], refPrefix: "gw" },
  DID: { schema: didSchema, collections: ["dids", "numbers"], refPrefix: "dd" },
  Domain: { schema: domainSchema, collections: ["domains"], refPrefix: "dm" },
  Agent: { schema: agentSchema, collections: ["agents"], refPrefix: "ag" },
};

/** A resource, or all that is wrong with its document. */
export interface ResourceReading {
  readonly resource?: Resource;
  readonly problems?: readonly Problem[];
  /** What others may refer to the faulty document by. */
  readonly declared?: readonly string[];
  /** Properties without effect that the document has besides. */
  readonly unknown?: readonly string[];
}

/**
 * Reads the document of a resource. What is empty in it counts as absent.
 * @param tolerates which properties may be there that are not known
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

/** What other resources call this one by: refs of gateways and DIDs, URIs of domains. */
export function namesOf(resource: Resource): readonly string[] {
  if (resource.kind === "Domain") return [resource.domainUri];
  if (resource.kind !== "Gateway" && resource.kind !== "DID") return [];
  return resource.otherRef === undefined ? [resource.ref] : [resource.ref, resource.otherRef];
}

/** The same of a document that is faulty, as far as it can be told. */
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

/** What tells a resource from others of its kind, and what its generated ref is made from. */
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
