/** The contract (OpenAPI 3.1), made of the operations. */
import { type JsonSchema, jsonSchemaOf } from "../../data/json_schema.ts";
import { mapping } from "../../data/property_types.ts";
import { isMapping } from "../../runtime/mapping.ts";
import { UPLOAD_TYPES } from "../http/document_text.ts";
import type { AnswerForm, BodyForm, Operation } from "../operation.ts";

export interface ContractOptions {
  readonly version: string;
  readonly operations: readonly Operation[];
  /** The schemas that operations refer to as `#/components/schemas/…`. */
  readonly schemas: Readonly<Record<string, JsonSchema>>;
}

/** A keyword of editors, which OpenAPI does not have. */
const OF_EDITORS = "patternErrorMessage";
const ENVELOPE = ["status", "message"];

export function openApiDocument({ version, operations, schemas }: ContractOptions): JsonSchema {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of operations) {
    (paths[operation.path] ??= {})[operation.method.toLowerCase()] = operationObject(operation);
  }
  const tags = [...new Set(operations.map(({ tag }) => tag))];
  return {
    openapi: "3.1.1",
    info: {
      title: "routr",
      version,
      description: "The REST service of routr: state and configuration of the SIP server.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    tags: tags.map((name) => ({ name })),
    security: [{ basic: [] }, { bearer: [] }, { token: [] }],
    paths,
    components: {
      schemas: { ...withoutKeyword(OF_EDITORS, schemas) as typeof schemas, Refusal: REFUSAL },
      securitySchemes: {
        basic: { type: "http", scheme: "basic", description: "The credentials of a user." },
        bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" },
        token: { type: "apiKey", in: "query", name: "token" },
      },
    },
  };
}

const REFUSAL: JsonSchema = {
  type: "object",
  required: ENVELOPE,
  properties: {
    status: { type: ["integer", "string"] },
    message: { type: "string" },
    errors: {
      type: "array",
      items: {
        type: "object",
        required: ["pointer", "message"],
        properties: {
          pointer: { type: "string", description: "A JSON Pointer (RFC 6901)." },
          message: { type: "string" },
        },
      },
    },
  },
};

function operationObject(operation: Operation) {
  const { method, id, tag, summary, description, isOpen, query, body, answers, parameters = {} } = operation;
  const isAsked = query !== undefined || Object.keys(parameters).length > 0;
  const refusals = {
    ...isAsked && PARAMETER_REFUSAL,
    ...!isOpen && { 401: { description: "Not logged in." } },
    ...!isOpen && method !== "GET" &&
      { 403: { description: "A page of another origin, which needs a token." } },
    429: { description: "Too many wrong passwords, or requests at a time." },
    ...body && BODY_REFUSALS,
  };
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...description !== undefined && { description },
    ...isOpen && { security: [] },
    parameters: [...pathParameters(operation), ...queryParameters(operation)],
    ...body && { requestBody: requestBody(body) },
    responses: {
      ...Object.fromEntries(
        Object.entries({ ...refusals, ...answers })
          .map(([status, answer]) => [status, responseObject(Number(status), answer)]),
      ),
      default: responseObject(500, OTHER_REFUSAL),
    },
  };
}

const OTHER_REFUSAL: AnswerForm = {
  description:
    "Refused before it was served: 400 or 431 for what cannot be read, 408 when it takes too long, 501 for an unknown " +
    "method, 503 when too much is going on or the service stops. 500 is a fault of the service.",
};

const PARAMETER_REFUSAL: Readonly<Record<string, AnswerForm>> = {
  400: { description: "A parameter cannot be read." },
};

const BODY_REFUSALS: Readonly<Record<number, AnswerForm>> = {
  400: { description: "The request cannot be read." },
  413: { description: "The body is too big." },
  415: { description: "The body has another type." },
};

function pathParameters({ parameters = {} }: Operation) {
  return Object.entries(parameters).map(([name, description]) => {
    return { name, in: "path", required: true, description, schema: { type: "string" } };
  });
}

function queryParameters({ query }: Operation) {
  if (query === undefined) return [];
  const { properties } = jsonSchemaOf(mapping(query)) as { properties: Record<string, JsonSchema> };
  return Object.entries(properties).map(([name, { description, ...schema }]) => {
    return {
      name,
      in: "query",
      required: false,
      ...description !== undefined && { description },
      schema: withoutKeyword(OF_EDITORS, schema),
    };
  });
}

/** Returns a schema without a keyword at any depth. */
export function withoutKeyword(keyword: string, schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map((each) => withoutKeyword(keyword, each));
  if (!isMapping(schema)) return schema;
  const parts = Object.entries(schema).filter(([name]) => name !== keyword);
  return Object.fromEntries(parts.map(([name, part]) => [name, withoutKeyword(keyword, part)]));
}

function requestBody({ schema, isUpload = false }: BodyForm) {
  const types = isUpload ? UPLOAD_TYPES : ["application/json"];
  return {
    required: true,
    content: Object.fromEntries(
      types.map((
        type,
      ) => [type, { schema: type.startsWith("multipart/") ? FILE : withoutKeyword(OF_EDITORS, schema) }]),
    ),
  };
}

const FILE: JsonSchema = {
  type: "object",
  required: ["file"],
  properties: { file: { type: "string", description: "YAML: a list of resources." } },
};

function responseObject(status: number, { description, data, content }: AnswerForm) {
  const other = content && { [content.type]: { schema: content.schema } };
  if (other !== undefined && data === undefined) return { description, content: other };
  if (status >= 300 && status < 400) return { description };
  const schema = status < 400 ? envelopeSchema(data ?? {}) : { $ref: "#/components/schemas/Refusal" };
  return { description, content: { "application/json": { schema }, ...other } };
}

function envelopeSchema(data: JsonSchema): JsonSchema {
  return {
    type: "object",
    required: ENVELOPE,
    properties: {
      status: { type: ["integer", "string"] },
      message: { type: "string" },
      data,
      result: data,
      meta: {
        type: "object",
        properties: {
          ...Object.fromEntries(
            ["currentPage", "totalPages", "itemsPerPage", "totalItems"]
              .map((name) => [name, { type: "integer" }]),
          ),
          lastsUntil: { const: "restart", description: "The end of a temporary change." },
        },
      },
    },
  };
}
