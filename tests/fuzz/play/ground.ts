/** Where stories are played: a server with wires to it, in memory or on sockets. */
import type { Finding } from "../watch/finding.ts";
import type { Lane, WireName } from "../world/lane.ts";
import type { Inbox } from "./inbox.ts";

export interface Wire {
  readonly inbox: Inbox;
  /** Its own host and port. */
  readonly endpoint: string;
  /** Host and port of the server. */
  readonly server: string;
  /** Makes a connection, where there is none; its endpoint is known then. */
  open(): void | Promise<void>;
  /** Sends bytes, a character each; on a connection in several segments. */
  send(bytes: string, how?: { cuts?: readonly number[]; isFrame?: boolean }): void | Promise<void>;
}

export interface Ground {
  /** The wires of a lane. */
  wiresOf(lane: Lane): Readonly<Record<WireName, Wire>>;
  /** Waits until something is true of what a lane has received, but not for long; returns whether it is. */
  until(isTrue: () => boolean, milliseconds: number, lane: Lane): boolean | Promise<boolean>;
  /** Lets time pass, where the clock can be turned. */
  pass(seconds: number): void | Promise<void>;
  /** Stops the server and starts another one with what it has kept, where that takes no time. */
  restart(): void | Promise<void>;
  /** What was found since the last question. */
  takeFinding(): Finding | undefined;
}
