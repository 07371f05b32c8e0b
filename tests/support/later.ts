const now = performance.now.bind(performance);
let passed = 0;
Object.defineProperty(performance, "now", { configurable: true, value: () => now() + passed });

/** Lets milliseconds pass for what asks `performance.now`, without waiting. They do not come back: time never does. */
export function letPass(milliseconds: number): void {
  passed += milliseconds;
}
