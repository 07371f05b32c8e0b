/** Log lines about what the listener itself refuses, limited by source. */
import type http from "node:http";
import { networkOf } from "../../runtime/ip/address_words.ts";
import { systemClock } from "../../runtime/clock.ts";
import { MAX_SHOWN_TEXT } from "../../core/shown_uri.ts";
import { logger } from "../../runtime/log.ts";
import type { HttpError } from "../http/http_error.ts";
import { limitRefusals } from "../observe/request_log.ts";

const log = logger("rest");

export class RefusalLines {
  readonly #limit = limitRefusals(systemClock);

  /** Logs a refused request without its query, which may hold a token. */
  request({ method = "", url = "" }: http.IncomingMessage, address: string, refusal: HttpError): void {
    if (!this.#limit.admits(networkOf(address))) return;
    log.info("Refused {method} {path} of {address}: {status} {message}", {
      method: method.slice(0, MAX_SHOWN_TEXT),
      path: url.split("?", 1)[0].slice(0, MAX_SHOWN_TEXT),
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
