/** Names of resource types: `agent`, `Agents`, `did`, or `number` as in later releases of Routr v1. */
import { nearestName } from "../../data/nearest_name.ts";
import { type Kind, KINDS } from "../../data/resource.ts";

export interface ResourceType {
  readonly kind: Kind;
  /** The name in paths: `agents`; `dids` or `numbers` as the user wrote. */
  readonly collection: string;
}

const TYPES: readonly ResourceType[] = Object.entries(KINDS).flatMap(([kind, { collections }]) =>
  collections.map((collection) => ({ kind: kind as Kind, collection }))
);

/** Finds a type by its name or `kind`, in any case, singular or plural; undefined for an unknown one. */
export function resourceType(name: string): ResourceType | undefined {
  const wanted = name.toLowerCase();
  return TYPES.find(({ collection }) => wanted === collection || `${wanted}s` === collection);
}

/** Returns the error message for an unknown type. */
export function unknownType(name: string): string {
  const collections = TYPES.map(({ collection }) => collection);
  const nearest = nearestName(name, collections);
  const meant = nearest === undefined ? "" : `, did you mean ${nearest}?`;
  return `There is no type "${name}"${meant || `, only ${collections.join(", ")}`}`;
}

/** Orders kinds so that those that others refer to come first. */
export function compareKinds(a: Kind, b: Kind): number {
  const order = Object.keys(KINDS);
  return order.indexOf(a) - order.indexOf(b);
}
