/** The lines of the table for the REST service. */
import { median } from "../measurements/median.ts";
import type { Rest } from "../measurements/rest.ts";
import { PRESSURES } from "../measurements/rest_disturbance.ts";
import { UPLOAD_PLACES } from "../measurements/rest_uploads.ts";
import type { Figure } from "./figure.ts";
import { ofSystem } from "./results.ts";

export const REST_FIGURES: readonly Figure[] = [
  restFigure("rest: agents", ({ agents }) => agents.toString()),
  restFigure(
    "rest: agents read a second, on one core",
    ({ reads }) => spread(reads.rounds.map((each) => each.requestsPerSecond), 0),
  ),
  restFigure("  ms until answered, of 99 %", ({ reads }) => spread(reads.rounds.map(percentile99), 1)),
  restFigure("  the longest", ({ reads }) => spread(reads.rounds.map(({ longest }) => longest), 1)),
  restFigure("  CPU µs each", ({ reads }) => reads.microseconds.toFixed(0)),
  ...[0, 1, 2, 3].map((index) =>
    restFigure(`rest: ms until a filtered page is there, filter ${index + 1}`, ({ lists }) => {
      const { median, longest, matches } = lists[index];
      return `${median.toFixed(1)}, worst ${longest.toFixed(1)} (${matches})`;
    })
  ),
  ...UPLOAD_PLACES.map((place) =>
    restFigure(
      `rest: seconds to upload 10,000 agents, ${place}`,
      ({ uploads }) => spread(uploads[place].map(({ seconds }) => seconds), 2),
    )
  ),
  ...PRESSURES.flatMap((pressure) => [
    restFigure(
      `rest: ms until SIP is answered, of 99 %, before ${pressure}`,
      ({ disturbances }) => spread(disturbances[pressure].quiet.map(percentile99), 2),
    ),
    restFigure(
      "  beside them",
      ({ disturbances }) => spread(disturbances[pressure].beside.map(percentile99), 2),
    ),
    restFigure(
      "  the longest",
      ({ disturbances }) => spread(disturbances[pressure].beside.map(({ longest }) => longest), 1),
    ),
    restFigure(
      "  requests a second",
      ({ disturbances }) => disturbances[pressure].requestsPerSecond.toFixed(0),
    ),
  ]),
  restFigure("  CPUs used by others", ({ otherCpus }) => otherCpus.toFixed(2)),
];

function restFigure(name: string, read: (rest: Rest) => string): Figure {
  return {
    name,
    of({ rest }, system) {
      const result = ofSystem(rest, system);
      return result && read(result);
    },
  };
}

function percentile99({ percentile99 }: { readonly percentile99: number }): number {
  return percentile99;
}

/** Median, lowest and highest. */
function spread(values: readonly number[], digits: number): string {
  const [middle, lowest, highest] = [median(values), Math.min(...values), Math.max(...values)]
    .map((value) => value.toFixed(digits));
  return `${middle} (${lowest} – ${highest})`;
}
