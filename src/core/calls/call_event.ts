/** Events of calls. Most leave the history unread, so their data are made when somebody asks for them. */
import type { ServerEvent } from "../server_events.ts";
import { type Call, type CallEnd, type CallState, shownCall, shownEndedCall } from "./call.ts";

/** UTF-16 units of the JSON of an event beside the texts in it. */
const FRAME_LENGTH = 512;

export class CallEvent implements ServerEvent {
  readonly type: "call.started" | "call.answered" | "call.ended";
  readonly time: number;
  readonly #call: Call;
  readonly #state: CallState;
  readonly #answeredAt: number | undefined;
  readonly #end: CallEnd | undefined;

  /** @param time milliseconds since 1970 */
  constructor(call: Call, time: number, end?: CallEnd) {
    this.type = end ? "call.ended" : call.state === "answered" ? "call.answered" : "call.started";
    this.time = time;
    this.#call = call;
    this.#state = call.state;
    this.#answeredAt = call.answeredAt;
    this.#end = end;
  }

  get data(): ServerEvent["data"] {
    const past = { state: this.#state, answeredAt: this.#answeredAt };
    return this.#end ? shownEndedCall(this.#call, this.#end, this.time) : shownCall(this.#call, past);
  }

  get approximateLength(): number {
    const { callId, from, to, account } = this.#call;
    return FRAME_LENGTH + callId.length + from.length + to.length + (account?.name.length ?? 0);
  }
}
