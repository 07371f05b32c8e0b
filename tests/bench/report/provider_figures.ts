/** The lines of the table for providers, and for registrations that are kept. */
import type { Lookups } from "../measurements/lookups.ts";
import { median } from "../measurements/median.ts";
import type { Persistence } from "../measurements/persistence.ts";
import type { ProviderCost, Providers } from "../measurements/providers.ts";
import type { Change, Reload } from "../measurements/reload.ts";
import { type Provider, PROVIDERS } from "../systems/resource_place.ts";
import { cpuFigures, type Figure, megabytes } from "./figure.ts";
import { type BenchResults, ofSystem } from "./results.ts";

export const PROVIDER_FIGURES: readonly Figure[] = [
  figureOf("providers: agents", ({ providers }) => providers, ({ agents }: Providers) => agents.toString()),
  ...PROVIDERS.flatMap((provider) => [
    costFigure(
      `providers: seconds until ready, more with many agents, ${provider}`,
      provider,
      spreadOfStarts,
    ),
    costFigure("  resident MB, ready", provider, ({ residentReady }) => megabytes(residentReady)),
    costFigure("  resident MB, 30 s later", provider, ({ residentLater }) => megabytes(residentLater)),
    costFigure("  CPU % meanwhile", provider, ({ cpuPercent }) => cpuPercent.toFixed(2)),
  ]),
  figureOf("  CPUs used by others", ({ providers }) => providers, othersOf),
  figureOf("reload: agents", ({ reload }) => reload, ({ agents }: Reload) => agents.toString()),
  ...(["files", "redis"] as const).flatMap((provider) => [
    changeFigure(`reload: seconds until in force, ${provider}`, provider, ({ seconds }) => seconds),
    changeFigure("  longest wait of an OPTIONS, ms, before", provider, ({ waitBefore }) => waitBefore),
    changeFigure("  and from the change on", provider, ({ waitDuring }) => waitDuring),
    changeFigure("  lateness of the measuring side, ms, before", provider, ({ lateBefore }) => lateBefore),
    changeFigure("  and from the change on", provider, ({ lateDuring }) => lateDuring),
  ]),
  figureOf("  CPUs used by others", ({ reload }) => reload, othersOf),
  ...cpuFigures("CPU µs per registration, kept", (all, system) => ofSystem(all.persistence, system)?.kept),
  ...cpuFigures(
    "CPU µs per registration, not kept",
    (all, system) => ofSystem(all.persistence, system)?.notKept,
  ),
  bindingsFigure(
    "persistence: registrations/s from one client",
    (kept) => kept.registrationsPerSecond.toFixed(0),
  ),
  bindingsFigure("  seconds until all are written", (kept) => kept.storedAfter.toFixed(2)),
  bindingsFigure("  ready after ms, without bindings", (kept) => kept.startWithout.toFixed(0)),
  bindingsFigure("  with them, after a stop", (kept) => kept.startAfterStop.toFixed(0)),
  bindingsFigure("  with them, after a kill", (kept) => kept.startAfterKill.toFixed(0)),
  figureOf("  CPUs used by others", ({ persistence }) => persistence, othersOf),
  ...PROVIDERS.flatMap((provider) => [
    ...cpuFigures(
      `CPU µs per call, ${provider}`,
      (all, system) => ofSystem(all.lookups, system)?.providers[provider].call,
    ),
    ...cpuFigures(
      `CPU µs per registration, ${provider}`,
      (all, system) => ofSystem(all.lookups, system)?.providers[provider].registration,
    ),
  ]),
  ...PROVIDERS.slice(1).map((provider) =>
    figureOf(
      `  per registration, ${provider} of files`,
      ({ lookups }) => lookups,
      ({ providers }: Lookups) => providers[provider].registrationRatio.toFixed(3),
    )
  ),
  figureOf("  CPUs used by others", ({ lookups }) => lookups, othersOf),
];

function figureOf<Result extends Providers | Reload | Persistence | Lookups>(
  name: string,
  find: (results: BenchResults) => readonly Result[] | undefined,
  read: (result: Result) => string | undefined,
): Figure {
  return {
    name,
    of(all, system) {
      const result = ofSystem(find(all), system);
      return result && read(result);
    },
  };
}

function othersOf({ otherCpus }: { readonly otherCpus: number }): string {
  return otherCpus.toFixed(2);
}

function costFigure(
  name: string,
  provider: Provider,
  read: (cost: ProviderCost) => string | undefined,
): Figure {
  return figureOf(
    name,
    ({ providers }) => providers,
    (result: Providers) => read(result.providers[provider]),
  );
}

function spreadOfStarts({ median, starts }: ProviderCost): string {
  return `${median.toFixed(2)} (${Math.min(...starts).toFixed(2)} – ${Math.max(...starts).toFixed(2)})`;
}

/** Median and worst. */
function changeFigure(name: string, provider: "files" | "redis", read: (change: Change) => number): Figure {
  return figureOf(name, ({ reload }) => reload, (result: Reload) => {
    const values = result[provider].map(read);
    const digits = Math.max(...values) < 10 ? 2 : 0;
    return `${median(values).toFixed(digits)}, worst ${Math.max(...values).toFixed(digits)}`;
  });
}

function bindingsFigure(name: string, read: (kept: Persistence["bindings"]) => string): Figure {
  return figureOf(name, ({ persistence }) => persistence, ({ bindings }: Persistence) => read(bindings));
}
