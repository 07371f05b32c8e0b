/** Which pages of other origins may use the service (WHATWG Fetch, CORS). */
import { BASE_PATH } from "../operation.ts";

const METHODS = "GET, HEAD, POST, PUT, DELETE, OPTIONS";
const EXPOSED = "ETag, Location, Retry-After";
const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);
/** Seconds that a browser may rely on what it was allowed. */
const MAX_AGE = "600";
/** The API and its description; metrics and health are for monitors, not for pages. */
const ROOT = BASE_PATH.slice(0, BASE_PATH.lastIndexOf("/") + 1);

/**
 * As Routr v1: every origin may use the API, with a token that its page has; what browsers send by themselves counts for
 * the given origins only.
 * @param origins such as `https://console.example.com`
 */
export function corsHeaders(request: Request, origins: readonly string[]): Record<string, string> {
  if (!new URL(request.url).pathname.startsWith(ROOT)) return {};
  const origin = request.headers.get("origin");
  const isKnown = origin !== null && origins.includes(origin);
  const headers = {
    "access-control-allow-origin": isKnown ? origin : "*",
    "access-control-expose-headers": EXPOSED,
    ...isKnown && { "access-control-allow-credentials": "true" },
    ...origins.length > 0 && { vary: "Origin" },
  };
  return request.method === "OPTIONS" ? { ...headers, ...preflightHeaders(request) } : headers;
}

/**
 * Whether a page of another origin wants to change something, and none of the given origins. It need not know the
 * password that comes with its request: a browser adds the one that somebody has given it for this service.
 * Programs that are no browsers send no origin.
 */
export function isForeign(request: Request, origins: readonly string[]): boolean {
  const origin = request.headers.get("origin");
  if (origin === null || SAFE_METHODS.has(request.method) || origins.includes(origin)) return false;
  // What terminates TLS in front of the service changes the scheme.
  return URL.parse(origin)?.host !== new URL(request.url).host;
}

/** Allows what is asked for: whether there is such a method is told to who uses it. */
function preflightHeaders({ headers }: Request): Record<string, string> {
  const wanted = headers.get("access-control-request-headers");
  return {
    "access-control-allow-methods": headers.get("access-control-request-method") ?? METHODS,
    ...wanted !== null && { "access-control-allow-headers": wanted },
    "access-control-max-age": MAX_AGE,
  };
}
