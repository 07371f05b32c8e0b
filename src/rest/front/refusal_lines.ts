/** Log lines about what the listener itself refuses, limited by source. */
import type http from "node:http";
import { networkOf } from "../../runtime/ip/address_words.ts";
import { systemClock } from "../../runtime/clock.ts";
import { logger } from "../../runtime/log.ts";
import type { HttpError } from "../http/http_error.ts";
import { limitRefusals } from "../observe/request_log.ts";

const log = logger("rest");

/** UTF-16 units that are logged of a path and of a method. */
const MAX_SHOWN_LENGTH = 256;

export class RefusalLines {
  readonly #limit = limitRefusals(systemClock);

  /** Logs a refused request without its query, which may hold a token. */
  request({ method = "", url = "" }: http.IncomingMessage, address: string, refusal: HttpError): void {
    if (!this.#limit.admits(networkOf(address))) return;
    log.info("Refused {method} {path} of {address}: {status} {message}", {
      method: method.slice(0, MAX_SHOWN_LENGTH),
      path: url.split("?", 1)[0].slice(0, MAX_SHOWN_LENGTH),
      address,
      status: refusal.status,
      message: refusal.message,
    });
  }

  connection(address: string, reason: string): void {
    if (!this.#limit.admits(networkOf(address))) return;
    log.info("Refused a connection from {address}: {reason}", { address, reason });
  }

  close(): void {
    this.#limit.close();
  }
}
