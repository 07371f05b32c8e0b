/** Log lines about refused requests and about changes. */
import { networkOf } from "../../runtime/ip/address_words.ts";
import { MAX_SHOWN_TEXT } from "../../core/shown_uri.ts";
import type { Clock } from "../../runtime/clock.ts";
import { LineLimit } from "../../runtime/line_limit.ts";
import { logger } from "../../runtime/log.ts";
import type { HttpError } from "../http/http_error.ts";
import type { Client } from "../operation.ts";

const log = logger("rest");

/** An answered request without its query and body, which may hold secrets. */
export interface AnsweredRequest {
  readonly method: string;
  readonly path: string;
  readonly client: Client;
  /** The name of the authenticated user. */
  readonly username: string | undefined;
}

/** Methods that change nothing. */
const READING: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

export class RequestLog implements Disposable {
  readonly #refusals: LineLimit;
  readonly #changes: LineLimit;

  constructor(clock: Clock) {
    this.#refusals = limitRefusals(clock);
    this.#changes = new LineLimit({
      clock,
      onSuppressed: (source, count) =>
        log.info("{count} more changes from {source} within a minute", { count, source }),
    });
  }

  /** Logs a refusal, apart from requests without credentials and for unknown things, which say little. */
  refused(request: AnsweredRequest, { status, message, logReason }: HttpError): void {
    const isLookUp = READING.has(request.method);
    if (status === 401 && logReason === undefined || status === 404 && isLookUp) return;
    if (!this.#refusals.admits(networkOf(request.client.address))) return;
    log.info("Refused {method} {path} of {who}: {status} {reason}", {
      ...factsOf(request),
      status,
      reason: (logReason ?? message).slice(0, MAX_SHOWN_TEXT),
    });
  }

  /** @param what the changed thing, when the path does not name it */
  changed(request: AnsweredRequest, what: string): void {
    if (READING.has(request.method) || !this.#changes.admits(networkOf(request.client.address))) return;
    log.info("{method} {path} by {who}{what}", {
      ...factsOf(request),
      what: what === "" ? "" : `: ${what.slice(0, MAX_SHOWN_TEXT)}`,
    });
  }

  [Symbol.dispose](): void {
    this.#refusals.close();
    this.#changes.close();
  }
}

/** Returns a limit for log lines about refused requests. */
export function limitRefusals(clock: Clock): LineLimit {
  return new LineLimit({
    clock,
    onSuppressed: (source, count) =>
      log.info("Refused {count} more requests from {source} within a minute", { count, source }),
  });
}

function factsOf({ method, path, client, username }: AnsweredRequest) {
  const who = username === undefined ? client.address : `${username} at ${client.address}`;
  return { method, path: path.slice(0, MAX_SHOWN_TEXT), who };
}
