/** Errors of Redis and of the connection to it, without the client itself, which is large. */

/** Describes an error in a few words without secrets. */
export function describeRedisError(error: unknown): string {
  if (!(error instanceof Error)) return "unknown reason";
  const cause = (error as Error & { lastNodeError?: unknown }).lastNodeError;
  if (cause instanceof Error) return describeRedisError(cause);
  const message = withoutFrame(error);
  const reason = REASONS.find(([pattern]) => pattern.test(message));
  return reason?.[1] ?? message.slice(0, MAX_REASON_LENGTH);
}

/** Returns the code that an error reply of Redis begins with, such as `READONLY`; undefined for other errors. */
export function redisErrorCode(error: unknown): string | undefined {
  // Other errors begin with a word; the name of the class is a short one in the binary.
  return error instanceof Error ? /^[A-Z]{2,}(?= |$)/.exec(withoutFrame(error))?.[0] : undefined;
}

/** Unwraps the error of a command in a script, which Redis before 7 wraps always, and later for a lack of rights. */
function withoutFrame({ message }: Error): string {
  return message.replace(/^ERR Error running script.*? -(?=[A-Z]+ )/s, "")
    .replace(/^ERR (?=The user executing the script)/, "NOPERM ");
}

export const CONNECTION_LOST = "connection lost";

const MAX_REASON_LENGTH = 120;

const REASONS: readonly (readonly [RegExp, string])[] = [
  [/ECONNREFUSED|connection refused/i, "connection refused"],
  [/ETIMEDOUT|timed out|Socket timeout/i, "no answer in time"],
  [/ENOTFOUND|EAI_|failed to lookup/i, "unknown host"],
  [/EHOSTUNREACH|ENETUNREACH|unreachable (?:host|network)/i, "unreachable"],
  [/^WRONGPASS|^ERR invalid (?:username-)?password|^ERR AUTH/, "username or secret is wrong"],
  [/^NOAUTH/, "a secret is required"],
  [/^NOPERM/, "this user has no permission"],
  [/^LOADING/, "it is loading its data"],
  [/^READONLY|^NOREPLICAS/, "it is read-only"],
  [/^OOM/, "it is out of memory"],
  [/DB index is out of range/, "there is no database with this number"],
  [
    /ECONNRESET|EPIPE|max retries per request|Connection is closed|aborted due to|isn't writeable/i,
    CONNECTION_LOST,
  ],
];
