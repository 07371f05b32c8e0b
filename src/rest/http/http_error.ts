/** One fault of a request. */
export interface ErrorDetail {
  /** A JSON Pointer into the body (RFC 6901), or the name of a parameter. */
  readonly pointer: string;
  readonly message: string;
}

export interface HttpErrorOptions {
  /** Header fields of the answer, such as `Allow`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly details?: readonly ErrorDetail[];
  /** The reason in the log, when it says more than the message for the client. */
  readonly logReason?: string;
}

/** A refused request: thrown anywhere, answered by the service. */
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
