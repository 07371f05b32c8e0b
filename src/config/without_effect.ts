/** Properties of Routr v1 that are understood and change nothing here. */

/** With what they were for, and the value with which they ask for nothing. */
const PROPERTIES: readonly (readonly [path: string, purpose: string])[] = [
  ["spec.grpcService", "nothing listens there"],
  ["spec.ex_rtpEngine", "media go straight from phone to phone"],
  ["spec.ex_kafka", "records of calls are written by spec.cdr"],
  ["spec.ex_kafkaPublisher", "records of calls are written by spec.cdr"],
  ["spec.ex_logsDriver", "logs go to the standard output"],
  ["spec.restService.minThreads", "requests are served without threads of their own"],
  ["spec.restService.maxThreads", "requests are served without threads of their own"],
];

/** A warning for each of them that the document asks for. */
export function withoutEffect(document: unknown): string[] {
  return PROPERTIES.flatMap(([path, purpose]) => {
    const value = path.split(".").reduce<unknown>(memberOf, document);
    return asksForSomething(value) ? [`${path} has no effect: ${purpose}`] : [];
  });
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

/** What is switched off, as in samples, asks for nothing. */
function asksForSomething(value: unknown): boolean {
  if (value === undefined) return false;
  const enabled = memberOf(value, "enabled");
  return typeof value !== "object" || (enabled === undefined || !/^(?:false|no|off)$/i.test(String(enabled)));
}
