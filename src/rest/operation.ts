/** What the service can do: one method of one path. The OpenAPI document is made of the same tables that requests are served by. */
import type * as z from "zod";
import type { User } from "../data/user.ts";
import type { JsonSchema } from "../data/json_schema.ts";
import type { SentDocument } from "./http/request_documents.ts";

export type Method = "GET" | "POST" | "PUT" | "DELETE";

/** Everything but what an operator is asked for is under this path. */
export const BASE_PATH = "/api/v1beta1";

/** Who asks. */
export interface Client {
  /** As in URIs: IPv6 in brackets. */
  readonly address: string;
  readonly isLoopback: boolean;
  /** Of the certificate that the client has shown and that was verified. */
  readonly subject?: string;
}

export interface Operation<Shape extends z.ZodRawShape = z.ZodRawShape> {
  readonly method: Method;
  /** `/api/v1beta1/agents/{ref}`: names in braces stand for one segment. */
  readonly path: string;
  /** Unique; camel case (OpenAPI `operationId`). */
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  /** The chapter it belongs to. */
  readonly tag: string;
  /** Whether anybody may use it. */
  readonly isOpen?: boolean;
  /** Described by what they stand for. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Of the query: made of `property_types.ts`, which read texts. Others are ignored. */
  readonly query?: Shape;
  readonly body?: BodyForm;
  /** By status. */
  readonly answers: Readonly<Record<number, AnswerForm>>;
  handle(call: Call<z.output<z.ZodObject<Shape>>>): Response | Promise<Response>;
}

export interface BodyForm {
  readonly schema: JsonSchema;
  /** Whether YAML and forms with a `file` are understood, and so many resources at once. */
  readonly isUpload?: boolean;
}

export interface AnswerForm {
  readonly description: string;
  /** Of `data` in the envelope; nothing is promised of it if left out. */
  readonly data?: JsonSchema;
  /** In the place of the envelope; beside it, for those who ask, where there is `data`. */
  readonly content?: { readonly type: string; readonly schema: JsonSchema };
}

/** A request for an operation. */
export interface Call<Query = Readonly<Record<string, unknown>>> {
  readonly request: Request;
  readonly client: Client;
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: Query;
  /** Undefined for open operations. */
  readonly user: User | undefined;
  /** Says in the log what was changed, where method and path do not tell. */
  note(what: string): void;
  /** Rejects with `HttpError` when the body cannot be read. To be called once. */
  readBody(options?: { readonly isUpload?: boolean }): Promise<SentDocument>;
}

/** Lets the compiler see the types of the query. */
export function operation<Shape extends z.ZodRawShape>(definition: Operation<Shape>): Operation {
  return definition as unknown as Operation;
}
