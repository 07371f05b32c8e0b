/** Input and output of `validate.ts`. */
export interface ValidationRequest {
  readonly contract: object;
  readonly answers: readonly ValidatedAnswer[];
}

export interface ValidatedAnswer {
  readonly path: string;
  readonly method: string;
  readonly status: string;
  /** The media type. */
  readonly type: string;
  /** The body. Without one, only the schema is compiled. */
  readonly value?: unknown;
}

export interface ValidationResult {
  /** The version of OpenAPI. */
  readonly version: string;
  /** Faults of the document. */
  readonly errors: unknown;
  /** For each answer: "" when it conforms, `no schema`, or its faults. */
  readonly faults: readonly string[];
}
