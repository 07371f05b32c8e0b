/** The lines of the table for large configurations and gateways. */
import { type Route, ROUTES } from "../load/routed_load.ts";
import type { CpuFigure } from "../measurements/cpu_sample.ts";
import type { AnswerTimes } from "../measurements/dead_neighbours.ts";
import type { Spread } from "../measurements/gateway_registrations.ts";
import type { Gateways } from "../measurements/gateways.ts";
import type { SystemName } from "../systems/start_system.ts";
import { cpuFigures, type Figure } from "./figure.ts";
import { type BenchResults, ofSystem } from "./results.ts";

export const ROUTING_FIGURES: readonly Figure[] = [
  ...ROUTES.flatMap((route) => [
    ...cpuFigures(`CPU µs per ${route} call, one domain`, routeFigure(route, "small")),
    ...cpuFigures(`CPU µs per ${route} call, large configuration`, routeFigure(route, "large")),
  ]),
  spreadFigure("gateways: first registrations, in seconds", ({ registrations: { first } }) => first),
  spreadFigure("gateways: refreshes, in seconds", ({ registrations: { refreshes } }) => refreshes),
  ...answerFigures("answered after ms", ({ neighbours }) => neighbours.alone),
  ...answerFigures("answered after ms beside what is dead", ({ neighbours }) => neighbours.besideDead),
  gatewaysFigure("  unanswered INVITE, REGISTER, DNS queries", ({ neighbours: { unanswered } }) => {
    const { invitations, registrations, queries } = unanswered;
    return [invitations, registrations, queries].join(", ");
  }),
];

function routeFigure(route: Route, size: "small" | "large") {
  return (results: BenchResults, system: SystemName): CpuFigure | undefined =>
    ofSystem(results.routing, system)?.routes[route][size];
}

function spreadFigure(name: string, find: (gateways: Gateways) => Spread): Figure {
  return gatewaysFigure(name, (gateways) => {
    const { registrations, seconds } = find(gateways);
    return `${registrations} in ${seconds.toFixed(0)}`;
  });
}

function answerFigures(name: string, find: (gateways: Gateways) => AnswerTimes): Figure[] {
  return [
    gatewaysFigure(`gateways: ${name}, median`, (gateways) => find(gateways).median.toFixed(1)),
    gatewaysFigure("  of 99 %", (gateways) => find(gateways).percentile99.toFixed(1)),
    gatewaysFigure("  the longest", (gateways) => find(gateways).longest.toFixed(1)),
    gatewaysFigure("  failed / made", (gateways) => `${find(gateways).failed} / ${find(gateways).calls}`),
  ];
}

function gatewaysFigure(name: string, read: (gateways: Gateways) => string): Figure {
  return {
    name,
    of(all, system) {
      const gateways = ofSystem(all.gateways, system);
      return gateways && read(gateways);
    },
  };
}
