/** The table of operations by method and path. */
import { HttpError } from "./http/http_error.ts";
import type { Method, Operation } from "./operation.ts";

export interface Route {
  readonly operation: Operation;
  readonly parameters: Readonly<Record<string, string>>;
}

/** The operations of one path. */
interface RoutedPath {
  readonly segments: readonly string[];
  readonly operations: ReadonlyMap<Method, Operation>;
}

export class Routes {
  /** Paths by their number of segments, so that few are compared with a request. */
  readonly #paths = new Map<number, RoutedPath[]>();

  constructor(operations: readonly Operation[]) {
    for (const [path, ofPath] of Map.groupBy(operations, ({ path }) => path)) {
      const segments = path.slice(1).split("/");
      const known = this.#paths.get(segments.length) ?? [];
      this.#paths.set(segments.length, known);
      known.push({ segments, operations: new Map(ofPath.map((each) => [each.method, each])) });
    }
    // A path without parameters comes before one that also matches it.
    for (const known of this.#paths.values()) {
      known.sort((a, b) => wildcards(a) - wildcards(b));
    }
  }

  /** Finds an operation. Throws `HttpError` 404 for an unknown path, 405 for an unknown method of a known one. */
  find(method: string, path: string): Route {
    const given = path.replace(/\/$/, "").slice(1).split("/");
    for (const { segments, operations } of this.#paths.get(given.length) ?? []) {
      if (!segments.every((segment, i) => segment.startsWith("{") || segment === given[i])) continue;
      const operation = operations.get((method === "HEAD" ? "GET" : method) as Method);
      if (operation === undefined) {
        const allow = allowed(operations).join(", ");
        throw new HttpError(405, `Method not allowed, expected ${allow}`, { headers: { allow } });
      }
      return { operation, parameters: parametersOf(segments, given) };
    }
    throw new HttpError(404, "Not found");
  }
}

function allowed(operations: ReadonlyMap<Method, Operation>): string[] {
  const methods: string[] = [...operations.keys()];
  return [...methods, ...operations.has("GET") ? ["HEAD"] : [], "OPTIONS"];
}

function wildcards({ segments }: RoutedPath): number {
  return segments.filter((segment) => segment.startsWith("{")).length;
}

function parametersOf(segments: readonly string[], given: readonly string[]): Record<string, string> {
  const parameters: Record<string, string> = {};
  for (const [i, segment] of segments.entries()) {
    if (segment.startsWith("{")) parameters[segment.slice(1, -1)] = decoded(given[i]);
  }
  return parameters;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new HttpError(400, "The path is not percent-encoded UTF-8");
  }
}
