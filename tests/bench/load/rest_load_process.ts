// The process of `offerRestLoad`: writes the result as a line of JSON.

import { percentile } from "../measurements/median.ts";
import { HttpConnection, httpRequest } from "./http_connection.ts";
import type { RestLoad, RestLoadResult } from "./rest_load.ts";

const load: RestLoad = JSON.parse(Deno.args[0]);
const requests = load.paths.map((path) =>
  httpRequest("GET", path, `Authorization: ${load.authorization}\r\n`)
);
const times: number[] = [];
const statuses: Record<number, number> = {};
let next = 0;

const startedAt = performance.now();
const end = startedAt + load.seconds * 1000;
await Promise.all(Array.from({ length: load.clients }, () => ask()));
const seconds = (performance.now() - startedAt) / 1000;
const result: RestLoadResult = {
  requests: times.length,
  requestsPerSecond: times.length / seconds,
  median: percentile(times, 50),
  percentile99: percentile(times, 99),
  longest: times.reduce((longest, time) => Math.max(longest, time), 0),
  statuses,
};
console.log(JSON.stringify(result));
Deno.exit();

async function ask(): Promise<void> {
  let connection: HttpConnection | undefined;
  while (performance.now() < end) {
    const sentAt = performance.now();
    const request = requests[next++ % requests.length];
    let status = 0;
    try {
      connection ??= await HttpConnection.open(load.port);
      status = (await connection.ask(request)).status;
    } catch {
      connection?.close();
      connection = undefined;
    }
    times.push(performance.now() - sentAt);
    statuses[status] = (statuses[status] ?? 0) + 1;
    if (!load.connectsEachTime) continue;
    connection?.close();
    connection = undefined;
  }
  connection?.close();
}
