import { hash } from "node:crypto";
import { type Fault, faultOf } from "../fault.ts";
import { type Kind, readResource, type Resource } from "../resource.ts";
import { tolerateOthers } from "../unknown_properties.ts";
import { isMapping } from "../../runtime/mapping.ts";

/** Redis itself allows half a gigabyte. */
export const MAX_DOCUMENT_BYTES = 2 ** 20;

/** The value of a key. */
export type StoredValue =
  | { readonly type: "text"; readonly bytes: Uint8Array }
  | { readonly type: "large"; readonly length: number }
  /** A value that is no text, by the name of its type in Redis. */
  | { readonly type: "other"; readonly name: string }
  | { readonly type: "nothing" };

/** A member of a collection; its text is not kept. */
export interface RedisDocument {
  readonly fingerprint: string;
  readonly resource: Resource | undefined;
  readonly faults: readonly Fault[];
  readonly declared: readonly string[];
  /** Unknown properties, which have no effect. */
  readonly unknown?: readonly string[];
}

/** Returns a text that differs whenever the value does; `DIGEST_SCRIPT` makes the same. */
export function fingerprintOf(value: StoredValue): string {
  switch (value.type) {
    case "text":
      return versionOf(value.bytes);
    case "large":
      return `+${value.length}`;
    case "other":
      return `=${value.name}`;
    case "nothing":
      return NOTHING;
  }
}

/** The fingerprint of a ref without document. */
export const NOTHING = "-";

/** Returns the digest that Lua's `redis.sha1hex` returns. */
export function versionOf(text: string | Uint8Array): string {
  return hash("sha1", text);
}

export interface DocumentName {
  readonly kind: Kind;
  readonly ref: string;
  /** The name in faults. */
  readonly file: string;
}

/** Reads the resource of a document, or its faults. */
export function readDocument(value: StoredValue, { kind, ref, file }: DocumentName): RedisDocument {
  const fingerprint = fingerprintOf(value);
  const fault = (found: string, expected: string): RedisDocument => {
    // References by its key are not faults.
    const faults = [{ file, property: "", found, expected }];
    return { fingerprint, resource: undefined, faults, declared: [ref] };
  };
  if (value.type === "nothing") return { fingerprint, resource: undefined, faults: [], declared: [] };
  if (value.type === "other") return fault(`a Redis ${value.name}`, "a string with a JSON document");
  if (value.type === "large") {
    return fault(`a document of ${Math.ceil(value.length / 2 ** 20)} MiB`, "at most 1 MiB");
  }
  const document = parseDocument(value.bytes);
  if (document === undefined) return fault("text that is not JSON", "a JSON document");
  const reading = readResource(kind, withRef(document, ref), tolerateOthers);
  const { resource, problems = [], declared = [], unknown } = reading;
  const faults = problems.map((problem) => faultOf(problem, { file }));
  return { fingerprint, resource, faults, declared, ...unknown !== undefined && { unknown } };
}

const decoder = new TextDecoder();

/** Null properties count as absent, as in YAML. Returns undefined for a text that is not JSON. */
export function parseDocument(content: string | Uint8Array): unknown {
  const text = textOf(content);
  const document = parseExactly(text);
  if (!text.includes("null") || document === undefined) return document;
  return JSON.parse(text, (_, value) => value === null ? undefined : value) ?? null;
}

/** Parses a document without changes, to be written again. */
export function parseExactly(content: string | Uint8Array): unknown {
  try {
    return JSON.parse(textOf(content));
  } catch {
    return undefined;
  }
}

function textOf(content: string | Uint8Array): string {
  return typeof content === "string" ? content : decoder.decode(content);
}

/** A document without a ref is found by its key. */
function withRef(document: unknown, ref: string): unknown {
  if (!isMapping(document)) return document;
  const metadata = document.metadata ?? {};
  return !isMapping(metadata) || (metadata.ref ?? "") !== ""
    ? document
    : { ...document, metadata: { ...metadata, ref } };
}
