/** How people name kinds of resources: `agent`, `Agents`, `did` or, as later releases of Routr v1 have it, `number`. */
import { nearestName } from "../../data/nearest_name.ts";
import { type Kind, KINDS } from "../../data/resource.ts";

export interface ResourceType {
  readonly kind: Kind;
  /** In paths: `agents`. DIDs and numbers are the same, each by the path that it is asked for by. */
  readonly collection: string;
}

const TYPES: readonly ResourceType[] = Object.entries(KINDS).flatMap(([kind, { collections }]) =>
  collections.map((collection) => ({ kind: kind as Kind, collection }))
);

/** In any case, singular or plural; also what `kind` is in a document. Undefined for an unknown one. */
export function resourceType(name: string): ResourceType | undefined {
  const wanted = name.toLowerCase();
  return TYPES.find(({ collection }) => wanted === collection || `${wanted}s` === collection);
}

/** What to say of a name that is no type. */
export function unknownType(name: string): string {
  const collections = TYPES.map(({ collection }) => collection);
  const nearest = nearestName(name, collections);
  const meant = nearest === undefined ? "" : `, did you mean ${nearest}?`;
  return `There is no type "${name}"${meant || `, only ${collections.join(", ")}`}`;
}

/** Negative when resources of the first kind may be referred to by those of the second. */
export function compareKinds(a: Kind, b: Kind): number {
  const order = Object.keys(KINDS);
  return order.indexOf(a) - order.indexOf(b);
}
