/** A request to end the server, by a signal or an administrator. */
export interface Stop {
  readonly how: "stop" | "restart";
  /** `SIGTERM`, or the name of an interface. */
  readonly requestedBy: string;
  /** Calls that are being set up are not waited for. */
  readonly isImmediate: boolean;
}

/** The first request counts; a later one may be immediate. After `close` a signal ends the process by itself. */
export class StopRequest {
  readonly #requested = Promise.withResolvers<Stop>();
  readonly #listeners = (["SIGINT", "SIGTERM"] as const).map((signal) => ({
    signal,
    listener: () => this.ask({ how: "stop", requestedBy: signal, isImmediate: true }),
  }));
  #isImmediate = false;

  constructor() {
    for (const { signal, listener } of this.#listeners) Deno.addSignalListener(signal, listener);
  }

  /** Resolves with the first request. */
  get requested(): Promise<Stop> {
    return this.#requested.promise;
  }

  /** Reports whether any request was immediate. */
  get isImmediate(): boolean {
    return this.#isImmediate;
  }

  ask(stop: Stop): void {
    this.#isImmediate ||= stop.isImmediate;
    this.#requested.resolve(stop);
  }

  close(): void {
    for (const { signal, listener } of this.#listeners) Deno.removeSignalListener(signal, listener);
    this.#listeners.length = 0;
  }
}
