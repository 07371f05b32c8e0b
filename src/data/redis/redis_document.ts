import { hash } from "node:crypto";
import { type Fault, faultOf } from "../fault.ts";
import { type Kind, readResource, type Resource } from "../resource.ts";
import { tolerateOthers } from "../unknown_properties.ts";
import { isMapping } from "../../runtime/mapping.ts";

/** Bytes of a document; Redis would keep half a gigabyte. */
export const MAX_DOCUMENT_BYTES = 2 ** 20;

/** What stands at a key. */
export type StoredValue =
  | { readonly type: "text"; readonly bytes: Uint8Array }
  | { readonly type: "large"; readonly length: number }
  /** Something that is no text, by the name that Redis has for it. */
  | { readonly type: "other"; readonly name: string }
  | { readonly type: "nothing" };

/** What is known of a member of a collection; the text itself is not kept. */
export interface RedisDocument {
  readonly fingerprint: string;
  readonly resource: Resource | undefined;
  readonly faults: readonly Fault[];
  readonly declared: readonly string[];
  /** Properties without effect. */
  readonly unknown?: readonly string[];
}

/** Differs whenever the value does, and is what `DIGEST_SCRIPT` makes of it. */
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

/** Of a ref that has no document. */
export const NOTHING = "-";

/** As Lua's `redis.sha1hex` has it. */
export function versionOf(text: string | Uint8Array): string {
  return hash("sha1", text);
}

export interface DocumentName {
  readonly kind: Kind;
  readonly ref: string;
  /** As faults name it. */
  readonly file: string;
}

/** The resource of a document, or what is wrong with it. */
export function readDocument(value: StoredValue, { kind, ref, file }: DocumentName): RedisDocument {
  const fingerprint = fingerprintOf(value);
  const fault = (found: string, expected: string): RedisDocument => {
    // Whoever refers to it by its key is not at fault.
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

/** Properties that are null count as absent, as in YAML. Undefined if the text is no JSON. */
export function parseDocument(content: string | Uint8Array): unknown {
  const text = textOf(content);
  const document = parseExactly(text);
  if (!text.includes("null") || document === undefined) return document;
  return JSON.parse(text, (_, value) => value === null ? undefined : value) ?? null;
}

/** The same as it is, to be written again. */
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

/** A document that does not say its ref goes by its key. */
function withRef(document: unknown, ref: string): unknown {
  if (!isMapping(document)) return document;
  const metadata = document.metadata ?? {};
  return !isMapping(metadata) || (metadata.ref ?? "") !== ""
    ? document
    : { ...document, metadata: { ...metadata, ref } };
}
