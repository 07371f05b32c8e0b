/** One thing that is wrong with what was sent. */
export interface ErrorDetail {
  /** Where: a JSON Pointer into the body (RFC 6901), or the name of a parameter. */
  readonly pointer: string;
  readonly message: string;
}

export interface HttpErrorOptions {
  /** Further header fields of the answer, such as `Allow`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly details?: readonly ErrorDetail[];
  /** What the log says of it in the place of the message: more than the client is told. */
  readonly logReason?: string;
}

/** A request that is refused: thrown wherever it is found out, answered in one place. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly details: readonly ErrorDetail[];
  readonly logReason: string | undefined;

  constructor(
    status: number,
    message: string,
    { headers = {}, details = [], logReason }: HttpErrorOptions = {},
  ) {
    super(message);
    this.status = status;
    this.headers = headers;
    this.details = details;
    this.logReason = logReason;
  }
}
