/** Steps of a story: what is sent, by whom, and how it is cut. */
import type { WireName } from "../world/lane.ts";

export interface SendStep {
  readonly from: WireName;
  /** The bytes, a character each, with holes. */
  readonly text: string;
  /** On a connection: where the bytes are cut into segments. */
  readonly cuts?: readonly number[];
  /** By WebSocket: bytes of frames instead of a message. */
  readonly isFrame?: boolean;
}

/** Time that passes, on a clock that can be turned. */
export interface PassStep {
  readonly passSeconds: number;
}

/** The server is stopped and started again, where it keeps what it knew. */
export interface RestartStep {
  readonly isRestart: true;
}

export type Step = SendStep | PassStep | RestartStep;

export function isRestart(step: Step): step is RestartStep {
  return "isRestart" in step;
}

export function isSend(step: Step): step is SendStep {
  return "from" in step;
}
