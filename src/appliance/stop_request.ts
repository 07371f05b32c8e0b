/** Who asks the server to end, and how: a signal, or its administrator. */

export interface End {
  readonly how: "stop" | "restart";
  /** Who asked: `SIGTERM`. */
  readonly by: string;
  /** Whether calls that are being set up are not waited for. */
  readonly isNow: boolean;
}

/** The first request counts, but a later one may be in a hurry. Once `close` was called, a signal ends the process at once. */
export class EndRequest {
  readonly #end = Promise.withResolvers<End>();
  readonly #listeners = (["SIGINT", "SIGTERM"] as const).map((signal) => ({
    signal,
    listener: () => this.ask({ how: "stop", by: signal, isNow: true }),
  }));
  #isHurried = false;

  constructor() {
    for (const { signal, listener } of this.#listeners) Deno.addSignalListener(signal, listener);
  }

  /** Resolves once somebody has asked. */
  get end(): Promise<End> {
    return this.#end.promise;
  }

  /** Whether somebody does not want to wait. */
  get isHurried(): boolean {
    return this.#isHurried;
  }

  ask(end: End): void {
    this.#isHurried ||= end.isNow;
    this.#end.resolve(end);
  }

  close(): void {
    for (const { signal, listener } of this.#listeners) Deno.removeSignalListener(signal, listener);
    this.#listeners.length = 0;
  }
}
