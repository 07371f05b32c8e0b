/** Named counters and gauges; on the hot path they are plain numbers. */

/** A number that only grows. Add to `value` directly. */
export class Counter {
  value = 0;
  readonly name: string;
  readonly help: string;

  constructor(name: string, help: string) {
    this.name = name;
    this.help = help;
  }
}

/** A number that is read on demand. */
export interface Gauge {
  readonly name: string;
  readonly help: string;
  read(): number;
}

/** The present value of a counter or gauge. */
export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge";
  readonly value: number;
}

/** The named numbers of one server. Names follow Prometheus: `routr_transport_malformed_total`. */
export class Metrics {
  readonly #counters = new Map<string, Counter>();
  readonly #gauges = new Map<string, Gauge>();

  /** Returns the counter called `name`, made on first use. */
  counter(name: string, help: string): Counter {
    const known = this.#counters.get(name);
    if (known) return known;
    const counter = new Counter(name, help);
    this.#counters.set(name, counter);
    return counter;
  }

  gauge(name: string, help: string, read: () => number): void {
    this.#gauges.set(name, { name, help, read });
  }

  /** Returns all present values. */
  list(): Metric[] {
    return [
      ...this.#counters.values().map(({ name, help, value }): Metric => ({
        name,
        help,
        type: "counter",
        value,
      })),
      ...this.#gauges.values().map((gauge): Metric => {
        return { name: gauge.name, help: gauge.help, type: "gauge", value: gauge.read() };
      }),
    ];
  }

  /** Returns all present values by name. */
  snapshot(): Record<string, number> {
    return Object.fromEntries(this.list().map(({ name, value }) => [name, value]));
  }
}
