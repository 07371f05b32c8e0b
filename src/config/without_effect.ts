import { valueAt } from "../data/document_problems.ts";

/** Properties of Routr v1 that are understood and have no effect, with the actual behaviour. */
const PROPERTIES: readonly (readonly [path: string, instead: string])[] = [
  ["spec.grpcService", "nothing listens there"],
  ["spec.ex_rtpEngine", "media go straight from phone to phone"],
  ["spec.ex_kafka", "records of calls are written by spec.cdr"],
  ["spec.ex_kafkaPublisher", "records of calls are written by spec.cdr"],
  ["spec.ex_logsDriver", "logs go to the standard output"],
  ["spec.restService.minThreads", "requests are served without threads of their own"],
  ["spec.restService.maxThreads", "requests are served without threads of their own"],
];

/** Returns a warning for each property of the document that has no effect. */
export function withoutEffect(document: unknown): string[] {
  return PROPERTIES.flatMap(([path, instead]) => {
    const value = valueAt(document, path.split("."));
    return asksForSomething(value) ? [`${path} has no effect: ${instead}`] : [];
  });
}

/** Values that are off or empty, as in samples, ask for nothing. */
function asksForSomething(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return value !== undefined;
  const enabled = valueAt(value, ["enabled"]);
  return enabled === undefined ? Object.keys(value).length > 0 : !/^(?:false|no|off)$/i.test(String(enabled));
}
