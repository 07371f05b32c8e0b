/**
 * JsSIP requires Node's `events`, which bundlers for browsers replace by the package of the same name. Deno's leaves
 * a call of `require` instead: this is what it finds. To be imported before JsSIP.
 */
import events from "browser-events";

const modules: Readonly<Record<string, unknown>> = { "node:events": events };

Object.assign(globalThis, { require: (name: string) => modules[name] });
