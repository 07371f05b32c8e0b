/** Errors that end a command of the client. They are printed in one line and details, without a stack. */
export interface ClientErrorOptions {
  /** A line for each fault. */
  readonly details?: readonly string[];
  /** The exit status: 1, or 2 for wrong usage. */
  readonly exitStatus?: number;
}

export class ClientError extends Error {
  override readonly name: string = "ClientError";
  readonly details: readonly string[];
  readonly exitStatus: number;

  constructor(message: string, { details = [], exitStatus = 1 }: ClientErrorOptions = {}) {
    super(message);
    this.details = details;
    this.exitStatus = exitStatus;
  }
}

/** A refusal of the service. */
export class ApiError extends ClientError {
  override readonly name = "ApiError";
  /** The HTTP status, or that in the body of services that always answer 200. */
  readonly status: number;

  constructor(status: number, message: string, details: readonly string[] = []) {
    super(message, { details });
    this.status = status;
  }
}

/** The service shows an untrusted certificate. Nothing was sent to it. */
export class CertificateError extends ClientError {
  override readonly name = "CertificateError";
  /** The reason is its signer: an unknown authority, or the server itself. */
  readonly isSignerUnknown: boolean;

  constructor(message: string, { isSignerUnknown }: { isSignerUnknown: boolean }) {
    super(message);
    this.isSignerUnknown = isSignerUnknown;
  }
}
