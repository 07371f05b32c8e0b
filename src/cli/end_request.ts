/** Who asks the server to end, and how: a signal, or its administrator. */

export interface End {
  readonly how: "stop" | "restart";
  /** Who asked: `SIGTERM`. */
  readonly by: string;
  /** Whether calls that are being set up are not waited for. */
  readonly isNow: boolean;
}

/** The first request counts; signals are heard until then. A second signal ends the process at once. */
export class EndRequest {
  readonly #end = Promise.withResolvers<End>();
  readonly #listeners = (["SIGINT", "SIGTERM"] as const).map((signal) => ({
    signal,
    listener: () => this.ask({ how: "stop", by: signal, isNow: true }),
  }));

  constructor() {
    for (const { signal, listener } of this.#listeners) Deno.addSignalListener(signal, listener);
  }

  /** Resolves once somebody has asked. */
  get end(): Promise<End> {
    return this.#end.promise;
  }

  ask(end: End): void {
    for (const { signal, listener } of this.#listeners) Deno.removeSignalListener(signal, listener);
    this.#listeners.length = 0;
    this.#end.resolve(end);
  }
}
