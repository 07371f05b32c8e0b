/** Operations of the service: one method of one path each. They serve requests and make the OpenAPI document. */
import type * as z from "zod";
import type { User } from "../data/user.ts";
import type { JsonSchema } from "../data/json_schema.ts";
import type { SentDocument } from "./http/request_documents.ts";

export type Method = "GET" | "POST" | "PUT" | "DELETE";

/** The path of the API. */
export const BASE_PATH = "/api/v1beta1";

/** The sender of a request. */
export interface Client {
  /** The address as in URIs, with IPv6 in brackets. */
  readonly address: string;
  readonly isLoopback: boolean;
  /** The subject of its verified certificate. */
  readonly subject?: string;
}

export interface Operation<Shape extends z.ZodRawShape = z.ZodRawShape> {
  readonly method: Method;
  /** A path such as `/api/v1beta1/agents/{ref}`; a name in braces matches one segment. */
  readonly path: string;
  /** The unique `operationId` of OpenAPI, in camel case. */
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  /** The chapter of the contract. */
  readonly tag: string;
  /** It needs no authentication. */
  readonly isOpen?: boolean;
  /** Descriptions of path parameters by name. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Query parameters, of `property_types.ts`, which read texts. Others are ignored. */
  readonly query?: Shape;
  readonly body?: BodyForm;
  /** Answers by status. */
  readonly answers: Readonly<Record<number, AnswerForm>>;
  handle(call: Call<z.output<z.ZodObject<Shape>>>): Response | Promise<Response>;
}

export interface BodyForm {
  readonly schema: JsonSchema;
  /** YAML and forms with a `file` are accepted, and lists of resources in them. */
  readonly isUpload?: boolean;
}

export interface AnswerForm {
  readonly description: string;
  /** The schema of `data` in the envelope; anything if undefined. */
  readonly data?: JsonSchema;
  /** A body without an envelope; an alternative to it when there is `data`. */
  readonly content?: { readonly type: string; readonly schema: JsonSchema };
}

/** Values of `content`. */
export const PLAIN_TEXT = { type: "text/plain", schema: { type: "string" } };
export const JSON_OBJECT = { type: "application/json", schema: { type: "object" } };

/** A request for an operation. */
export interface Call<Query = Readonly<Record<string, unknown>>> {
  readonly request: Request;
  readonly client: Client;
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: Query;
  /** The authenticated user; undefined for open operations. */
  readonly user: User | undefined;
  /** Names the changed thing for the log, when method and path do not. */
  note(what: string): void;
  /** Reads the body; call it once. Rejects with `HttpError`. */
  readBody(options?: { readonly isUpload?: boolean }): Promise<SentDocument>;
}

/** Infers the types of the query. */
export function operation<Shape extends z.ZodRawShape>(definition: Operation<Shape>): Operation {
  return definition as unknown as Operation;
}
