/** The lines of the table for floods of strangers. */
import type { FloodCase, Floods } from "../measurements/floods.ts";
import { type Figure, megabytes } from "./figure.ts";
import { ofSystem } from "./results.ts";

export const FLOOD_FIGURES: readonly Figure[] = [
  worst(
    "floods: CPU µs per datagram, the costliest",
    ({ microsecondsPerDatagram }) => microsecondsPerDatagram,
  ),
  worst("  ms until a user's REGISTER is answered, median", ({ register }) => register.median),
  worst("  ms until a user's INVITE is answered, median", ({ invite }) => invite.median),
  floodFigure("  resident MB before", ({ residentBefore }) => megabytes(residentBefore)),
  floodFigure("  resident MB after", ({ residentAfter }) => megabytes(residentAfter)),
];

/** The highest of all floods, with its name. */
function worst(name: string, read: (flood: FloodCase) => number): Figure {
  return floodFigure(name, ({ cases }) => {
    const highest = cases.reduce((one, other) => read(other) > read(one) ? other : one);
    return `${read(highest).toFixed(1)} (${highest.name})`;
  });
}

function floodFigure(name: string, read: (floods: Floods) => string | undefined): Figure {
  return {
    name,
    of: (results, system) => {
      const floods = ofSystem(results.floods, system);
      return floods && read(floods);
    },
  };
}
