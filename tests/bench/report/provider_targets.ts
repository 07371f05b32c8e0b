/** What routr is held to with many agents, with each provider. */
import type { Change } from "../measurements/reload.ts";
import { type BenchResults, ofSystem } from "./results.ts";
import type { Target } from "./target.ts";

export const PROVIDER_TARGETS: readonly Target[] = [
  {
    name: "seconds that many agents take to load from files",
    atMost: 4,
    measured: ({ providers }) => ofSystem(providers, "routr")?.providers.files.median,
  },
  {
    name: "seconds that many agents take to load from Redis",
    atMost: 6,
    measured: ({ providers }) => ofSystem(providers, "routr")?.providers.redis.median,
  },
  {
    name: "resident MB with many agents from files, ready",
    atMost: 300,
    measured: ({ providers }) => (ofSystem(providers, "routr")?.providers.files.residentReady ?? NaN) / 1e6,
  },
  {
    name: "resident MB with many agents from files, later",
    atMost: 300,
    measured: ({ providers }) => (ofSystem(providers, "routr")?.providers.files.residentLater ?? NaN) / 1e6,
  },
  {
    name: "seconds until a changed line is in force, worst",
    atMost: 2,
    measured: (results) => worst(results, "files", ({ seconds }) => seconds),
  },
  {
    name: "seconds until a changed key is in force, worst",
    atMost: 1,
    measured: (results) => worst(results, "redis", ({ seconds }) => seconds),
  },
  ...(["files", "redis"] as const).map((provider): Target => ({
    name: `ms that signalling waits while a change is read, ${provider}, worst`,
    atMost: 50,
    measured: (results) => worst(results, provider, ({ waitDuring }) => waitDuring),
  })),
  {
    name: "CPU per registration that is kept, of one that is not",
    atMost: 1.05,
    measured: ({ persistence }) => ofSystem(persistence, "routr")?.ratio,
  },
  ...(["redis", "restful"] as const).map((provider): Target => ({
    name: `CPU per call with ${provider}, of that with files`,
    atLeast: 0.95,
    atMost: 1.05,
    measured: ({ lookups }) => ofSystem(lookups, "routr")?.providers[provider].callRatio,
  })),
];

function worst(
  { reload }: BenchResults,
  provider: "files" | "redis",
  read: (change: Change) => number,
): number | undefined {
  const changes = ofSystem(reload, "routr")?.[provider];
  return changes && Math.max(...changes.map(read));
}
