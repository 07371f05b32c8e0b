/** Resources: the same five operations for each kind. */
import type { Directory } from "../../data/directory.ts";
import { valueAt } from "../../data/document_problems.ts";
import {
  ChangedMeanwhile,
  type RefusalReason,
  type ResourceDocument,
  WriteRefused,
} from "../../data/data_provider.ts";
import { type JsonSchema, jsonSchemaOf } from "../../data/json_schema.ts";
import { type Kind, KINDS, type Resource } from "../../data/resource.ts";
import type { User } from "../../data/user.ts";
import type { ResourceStore } from "../../data/resource_store.ts";
import { documentOf, fullDocumentOf } from "../../data/shown_document.ts";
import { enveloped } from "../http/envelope.ts";
import {
  entityTag,
  isUnmodified,
  refuseIfConditional,
  refuseUnlessConditionHolds,
} from "../http/entity_tag.ts";
import { isMapping } from "../../runtime/mapping.ts";
import { HttpError } from "../http/http_error.ts";
import { withoutKeyword } from "../openapi/openapi.ts";
import { BASE_PATH, type Call, type Operation, operation } from "../operation.ts";
import { LIST_QUERY, type SelectionRequest, selectResources } from "../selection.ts";

export interface ResourceOperationsParts {
  readonly directory: Directory;
  readonly store: ResourceStore;
}

/** Names in a line of the log. */
const MAX_NAMED = 10;

const REF = { ref: "The ref of the resource." };
const REF_SCHEMA: JsonSchema = { type: "string", description: "The ref of the resource." };

/** Returns the operations of all kinds, those of DIDs also as numbers, their name in later releases of Routr v1. */
export function resourceOperations(parts: ResourceOperationsParts): Operation[] {
  return Object.entries(KINDS).flatMap(([kind, { collections }]) =>
    collections.flatMap((collection) => new Collection(kind as Kind, collection, parts).operations())
  );
}

class Collection {
  readonly #kind: Kind;
  readonly #path: string;
  readonly #name: string;
  readonly #parts: ResourceOperationsParts;

  constructor(kind: Kind, collection: string, parts: ResourceOperationsParts) {
    this.#kind = kind;
    this.#path = `${BASE_PATH}/${collection}`;
    this.#name = collection;
    this.#parts = parts;
  }

  operations(): Operation[] {
    const one = `${this.#path}/{ref}`;
    const name = capitalized(this.#name);
    const single = capitalized(this.#name.slice(0, -1));
    const document: JsonSchema = { $ref: `#/components/schemas/${this.#kind}` };
    const shown: JsonSchema = { $ref: `#/components/schemas/${shownName(this.#kind)}` };
    const tag = this.#name;
    const wrong = { 400: { description: "The body cannot be read." }, 422: { description: "Faults." } };
    const unfit = {
      403: { description: "Forbidden for this user." },
      405: { description: "The data source is read-only." },
      409: { description: "In conflict with other resources." },
      503: { description: "The data source cannot be written now." },
    };
    return [
      operation({
        method: "GET",
        path: this.#path,
        id: `list${name}`,
        tag,
        summary: `Lists ${this.#name}`,
        query: LIST_QUERY,
        answers: { 200: { description: "A page.", data: { type: "array", items: shown } } },
        handle: (call) => this.#list(call),
      }),
      operation({
        method: "POST",
        path: this.#path,
        id: `create${single}`,
        tag,
        summary: "Creates a resource, or a list of them: all or none",
        body: { schema: { anyOf: [document, { type: "array", items: document }] }, isUpload: true },
        answers: {
          200: { description: "Created, all of a file.", data: { type: "array", items: REF_SCHEMA } },
          201: {
            description: "Created.",
            data: { anyOf: [REF_SCHEMA, { type: "array", items: REF_SCHEMA }] },
          },
          ...wrong,
          ...unfit,
        },
        handle: (call) => this.#create(call),
      }),
      operation({
        method: "GET",
        path: one,
        id: `get${single}`,
        tag,
        parameters: REF,
        summary: "Returns a resource",
        answers: {
          200: { description: "The resource.", data: shown },
          304: { description: "Unmodified (If-None-Match)." },
          404: { description: "Not found." },
        },
        handle: (call) => this.#get(call),
      }),
      operation({
        method: "PUT",
        path: one,
        id: `update${single}`,
        tag,
        parameters: REF,
        summary: "Changes the sent properties and keeps the others; null removes one",
        body: { schema: { type: "object" }, isUpload: true },
        answers: {
          200: { description: "Changed.", data: REF_SCHEMA },
          404: { description: "Not found." },
          412: { description: "Changed meanwhile (If-Match), or existing (If-None-Match)." },
          ...wrong,
          ...unfit,
        },
        handle: (call) => this.#update(call),
      }),
      operation({
        method: "DELETE",
        path: one,
        id: `delete${single}`,
        tag,
        parameters: REF,
        summary: "Deletes a resource that no other refers to",
        answers: {
          200: { description: "Deleted." },
          404: { description: "Not found." },
          412: { description: "Changed meanwhile (If-Match), or existing (If-None-Match)." },
          ...unfit,
        },
        handle: (call) => this.#remove(call),
      }),
    ];
  }

  async #list({ query, user }: Call<SelectionRequest>): Promise<Response> {
    const { items, meta } = await selectResources(this.#parts.directory, this.#kind, query);
    return enveloped(items.map(shownTo(user)), { meta });
  }

  #get({ request, user, parameters: { ref } }: Call): Response {
    const resource = this.#parts.directory.resource(this.#kind, ref);
    if (resource === undefined) throw new HttpError(404, "Not found");
    const document = shownTo(user)(resource);
    const etag = entityTag(document);
    if (isUnmodified(request, etag)) return new Response(null, { status: 304, headers: { etag } });
    return enveloped(document, { headers: { etag } });
  }

  async #create({ readBody, user, note }: Call): Promise<Response> {
    const { value, isFile } = await readBody({ isUpload: true });
    const list: readonly unknown[] = Array.isArray(value) ? value : [value];
    for (const each of list) this.#refuseReader(user, each);
    const { store } = this.#parts;
    if (!Array.isArray(value) && !isFile) {
      const ref = await written(store.create(this.#kind, this.#document(value, "")));
      note(ref);
      return enveloped(ref, {
        status: 201,
        headers: { location: `${this.#path}/${encodeURIComponent(ref)}` },
      });
    }
    if (list.length === 0) throw new HttpError(400, "Bad request: an empty list");
    const documents = list.map((each, i) => this.#document(each, `/${i}`));
    const refs = await written(store.createAll(this.#kind, documents));
    note(namesIn(refs));
    // The answer of Routr v1 to a form.
    return isFile ? enveloped(refs, { message: "done" }) : enveloped(refs, { status: 201 });
  }

  async #update({ request, readBody, user, note, parameters: { ref } }: Call): Promise<Response> {
    const { value } = await readBody({ isUpload: true });
    const changes = this.#document(value, "");
    this.#refuseReader(user, changes);
    const target = this.#targetOf(ref, changes);
    const check = (current: Resource) => {
      this.#refuseReader(user, { spec: current });
      refuseUnlessConditionHolds(request, shownTo(user)(current));
    };
    await written(this.#parts.store.update(this.#kind, target, changes, check), request);
    note(namesIn(namesOf(changes)));
    return enveloped(target);
  }

  /** Throws `HttpError` 403 when a user who may not read secrets would create or change one who may. */
  #refuseReader(user: User | undefined, document: unknown): void {
    if (this.#kind !== "User" || user?.readsSecrets) return;
    const readsSecrets = valueAt(document, ["spec", "readsSecrets"]);
    if (/^(?:undefined|null|false|no|off)$/i.test(String(readsSecrets))) return;
    throw new HttpError(403, "Only users that read secrets can make or change such users");
  }

  /** Returns the ref to change; clients of later releases of Routr v1 give it in the body only. */
  #targetOf(ref: string, { metadata }: ResourceDocument): string {
    if (this.#parts.directory.resource(this.#kind, ref) !== undefined) return ref;
    const inBody = isMapping(metadata) ? metadata.ref : undefined;
    return typeof inBody === "string" ? inBody : ref;
  }

  async #remove({ request, user, parameters: { ref } }: Call): Promise<Response> {
    const check = (current: Resource) => refuseUnlessConditionHolds(request, shownTo(user)(current));
    await written(this.#parts.store.remove(this.#kind, ref, check), request);
    return enveloped(null);
  }

  #document(value: unknown, pointer: string): ResourceDocument {
    if (isMapping(value)) return value as ResourceDocument;
    const message = `expected a mapping with apiVersion, kind, metadata and spec`;
    throw new HttpError(422, `Unprocessable entity: ${message}`, { details: [{ pointer, message }] });
  }
}

/** Returns how a user sees resources: with secrets only when the user may read them. */
function shownTo(user: User | undefined): (resource: Resource) => ResourceDocument {
  return user?.readsSecrets ? fullDocumentOf : documentOf;
}

/** Returns the schemas of resources: for writing, and as they are shown. */
export function resourceSchemas(): Record<string, JsonSchema> {
  const schemas = Object.entries(KINDS).flatMap(([kind, { schema }]) => {
    const written = jsonSchemaOf(schema);
    // The keyword demands `secret` or `ha1`, which are not shown.
    const shown = withoutKeyword("oneOf", written) as JsonSchema;
    return [[kind, written], [shownName(kind), shown]] as const;
  });
  return Object.fromEntries(schemas);
}

function shownName(kind: string): string {
  return `Shown${kind}`;
}

/** @param request the request whose conditions were met before */
async function written<T>(write: Promise<T>, request?: Request): Promise<T> {
  try {
    return await write;
  } catch (error) {
    if (error instanceof ChangedMeanwhile && request) refuseIfConditional(request);
    if (!(error instanceof WriteRefused)) throw error;
    const { reason, message, details } = error;
    const { status, headers } = ANSWERS[reason];
    throw new HttpError(status, message, {
      details: details.map(({ pointer, message }) => ({ pointer, message })),
      headers,
    });
  }
}

const ANSWERS: Readonly<Record<RefusalReason, { status: number; headers?: Record<string, string> }>> = {
  missing: { status: 404 },
  unwritable: { status: 405, headers: { allow: "GET, HEAD, OPTIONS" } },
  conflict: { status: 409 },
  invalid: { status: 422 },
  unavailable: { status: 503, headers: { "retry-after": "5" } },
};

/** Returns the first names, and the number of the others, for the log. */
function namesIn(names: readonly string[]): string {
  const more = names.length > MAX_NAMED ? ` and ${names.length - MAX_NAMED} more` : "";
  return names.slice(0, MAX_NAMED).join(", ") + more;
}

/** Returns the names of a document's properties, such as `spec.credentials`, without their values. */
function namesOf(document: ResourceDocument): string[] {
  return Object.entries(document).flatMap(([name, value]) =>
    typeof value === "object" && value !== null
      ? Object.keys(value).map((inner) => `${name}.${inner}`)
      : [name]
  );
}

function capitalized(name: string): string {
  return name[0].toUpperCase() + name.slice(1);
}
