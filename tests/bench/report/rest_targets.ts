/** What the REST service is held to, and what signalling may notice of it. */
import { median } from "../measurements/median.ts";
import type { Rest } from "../measurements/rest.ts";
import { PRESSURES } from "../measurements/rest_disturbance.ts";
import { UPLOAD_PLACES } from "../measurements/rest_uploads.ts";
import { ofSystem } from "./results.ts";
import type { Target } from "./target.ts";

export const REST_TARGETS: readonly Target[] = [
  restTarget("agents read a second by REST, on one core", { atLeast: 3000 }, ({ reads }) => {
    return median(reads.rounds.map(({ requestsPerSecond }) => requestsPerSecond));
  }),
  restTarget("ms until one is answered, of 99 %", { atMost: 20 }, ({ reads }) => {
    return median(reads.rounds.map(({ percentile99 }) => percentile99));
  }),
  restTarget("ms until a page of a filtered list is there, slowest filter", { atMost: 50 }, ({ lists }) => {
    return Math.max(...lists.map(({ median }) => median));
  }),
  ...UPLOAD_PLACES.map((place) =>
    restTarget(`seconds to upload 10,000 agents, ${place}`, { atMost: 5 }, ({ uploads }) => {
      return median(uploads[place].map(({ seconds }) => seconds));
    })
  ),
  restTarget("times that a part of an upload was seen", { atMost: 0 }, ({ uploads }) => {
    return Object.values(uploads).flat().reduce((sum, { torn }) => sum + torn, 0);
  }),
  ...PRESSURES.map((pressure) =>
    restTarget(`ms until 99 % of SIP is answered, beside ${pressure} of before`, { atMost: 2 }, (rest) => {
      const { percentile99, quietPercentile99 } = rest.disturbances[pressure];
      return percentile99 / quietPercentile99;
    })
  ),
];

function restTarget(
  name: string,
  bound: Pick<Target, "atLeast" | "atMost">,
  read: (rest: Rest) => number,
): Target {
  return {
    name,
    ...bound,
    measured({ rest }) {
      const result = ofSystem(rest, "routr");
      return result && read(result);
    },
  };
}
