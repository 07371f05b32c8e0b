/** Scripts for Redis. */
import { hash } from "node:crypto";

/** A Lua script, which Redis executes atomically. */
export class RedisScript {
  readonly text: string;
  readonly sha1: string;

  constructor(text: string) {
    this.text = text;
    this.sha1 = hash("sha1", text);
  }
}
