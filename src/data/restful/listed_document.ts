import { formatPath } from "../fault.ts";
import type { Fault } from "../fault.ts";
import { valueAt } from "../document_problems.ts";
import { type Kind, readResource, type ResourceReading } from "../resource.ts";
import { tolerateOthers } from "../unknown_properties.ts";
import { documentHash, MAX_DOCUMENT_LENGTH } from "./document_hash.ts";
import { isMapping } from "../../runtime/mapping.ts";

/** A document of a list, without its text. */
export interface ListedDocument {
  /** Identifies the document, whatever its content. */
  readonly key: string;
  /** `metadata.ref`. */
  readonly ref: string | undefined;
  readonly hash: string | undefined;
  readonly reading: ResourceReading;
  /** Set when the secret is not in the list: the document is then read by itself. */
  readonly isWithoutSecret: boolean;
  /** Set when the document has a time of change, which differs whenever its secret does. */
  readonly isDated: boolean;
}

/** Converts an item of a list, or returns the unchanged document that `known` finds for its key. */
export function listedDocument(
  kind: Kind,
  document: unknown,
  known: (key: string) => ListedDocument | undefined,
): ListedDocument {
  const hash = documentHash(document);
  const ref = refOf(document);
  const before = known(ref ?? `#${hash}`);
  if (before !== undefined && hash !== undefined && before.hash === hash) return before;
  const reading = hash === undefined ? TOO_LARGE : readResource(kind, document, tolerateOthers);
  return {
    key: ref ?? `#${hash}`,
    ref,
    hash,
    reading,
    isWithoutSecret: ref !== undefined && hash !== undefined && lacksSecret(kind, document),
    isDated: valueAt(document, ["metadata", "modifiedOn"]) !== undefined,
  };
}

const TOO_LARGE: ResourceReading = {
  problems: [{
    path: [],
    at: "value",
    found: "a document that is too large",
    expected: `one of less than ${MAX_DOCUMENT_LENGTH} characters`,
  }],
};

/** Returns the faults of the document at a position of the list at `url`. */
export function faultsOf(
  { ref, reading }: ListedDocument,
  { url, index }: { url: string; index: number },
): Fault[] {
  return (reading.problems ?? []).map(({ path, found, expected, nearest }) => ({
    file: ref === undefined ? url : `${url}/${encodeURIComponent(ref.toWellFormed())}`,
    property: formatPath(ref === undefined ? [index, ...path] : path),
    found,
    expected,
    ...(nearest === undefined ? {} : { nearest }),
  }));
}

function refOf(document: unknown): string | undefined {
  const ref = valueAt(document, ["metadata", "ref"]);
  return typeof ref === "string" && ref !== "" ? ref : undefined;
}

/** Gateways may have no credentials; domains and DIDs never have. */
function lacksSecret(kind: Kind, document: unknown): boolean {
  if (kind === "Domain" || kind === "DID") return false;
  const credentials = valueAt(document, ["spec", "credentials"]);
  if (credentials === undefined) return kind !== "Gateway";
  return isMapping(credentials) && SECRETS.every((name) => !Object.hasOwn(credentials, name));
}

const SECRETS = ["secret", "ha1"];
