/** The SIP trace: logs all messages at the most verbose level, without secrets. */
import { logger, logging } from "../runtime/log.ts";
import type { Flow } from "./transport.ts";

const log = logger("trace");

export class SipTrace {
  /** False costs nothing: callers ask before they compose anything. */
  get isOn(): boolean {
    return logging.trace;
  }

  write(direction: "received" | "sent", text: string, flow: Flow): void {
    const peer = `${flow.protocol} ${flow.remoteAddress}:${flow.remotePort}`;
    log.trace("{direction} {peer}\n{message}", { direction, peer, message: withoutCredentials(text) });
  }
}

/** Removes passwords, and digest responses and cnonces, by which a password could be guessed. */
export function withoutCredentials(text: string): string {
  const tidy = text.replace(/(\bbasic[ \t]{1,9})[\w+/=]+/gi, "$1…").replace(
    /(\bsips?:[^:@\s<>]{1,99}):[^@\s<>]{1,99}@/gi,
    "$1:…@",
  );
  return tidy.replace(
    /\b(response|cnonce|rspauth|nextnonce)(\s{0,9}=\s{0,9})("[^"\r\n]*"|[^",\s]+)/gi,
    '$1$2"…"',
  );
}
