/** What ends a command of the client: told in one line and details, without a stack. */
export interface ClientErrorOptions {
  /** Everything that is wrong, a line each. */
  readonly details?: readonly string[];
  /** Exit status of the process: 1, or 2 for a mistake in how the command was given. */
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

/** The service has answered, and refused. */
export class ApiError extends ClientError {
  override readonly name = "ApiError";
  /** Of HTTP, or of the body where the service always answers 200. */
  readonly status: number;

  constructor(status: number, message: string, details: readonly string[] = []) {
    super(message, { details });
    this.status = status;
  }
}

/** The service shows a certificate that is not trusted. Nothing was sent to it. */
export class CertificateError extends ClientError {
  override readonly name = "CertificateError";
  /** Whether it is refused for who has signed it: nobody known, or itself. */
  readonly isSignerUnknown: boolean;

  constructor(message: string, { isSignerUnknown }: { isSignerUnknown: boolean }) {
    super(message);
    this.isSignerUnknown = isSignerUnknown;
  }
}
