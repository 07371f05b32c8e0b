/** Access of web pages of other origins (WHATWG Fetch, CORS). */
import { BASE_PATH } from "../operation.ts";

const METHODS = "GET, HEAD, POST, PUT, DELETE, OPTIONS";
const EXPOSED = "ETag, Location, Retry-After";
const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);
const MAX_AGE_SECONDS = "600";
/** The API and its description. Metrics and health are for monitors, not for pages. */
const ROOT = BASE_PATH.slice(0, BASE_PATH.lastIndexOf("/") + 1);

/**
 * Returns the header fields for a page. As in Routr v1 every origin may use the API by a token; credentials that browsers
 * add by themselves are allowed to the given origins only.
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
 * Reports whether a page of another origin, except the given ones, sends a change. It may not know the password in its
 * request: browsers add one that they remember. Other programs send no origin.
 */
export function isForeign(request: Request, origins: readonly string[]): boolean {
  const origin = request.headers.get("origin");
  if (origin === null || SAFE_METHODS.has(request.method) || origins.includes(origin)) return false;
  // The scheme is not compared: a TLS proxy in front of the service changes it.
  return URL.parse(origin)?.host !== new URL(request.url).host;
}

/** Allows what a preflight asks for; the request itself is told when its method does not exist. */
function preflightHeaders({ headers }: Request): Record<string, string> {
  const wanted = headers.get("access-control-request-headers");
  return {
    "access-control-allow-methods": headers.get("access-control-request-method") ?? METHODS,
    ...wanted !== null && { "access-control-allow-headers": wanted },
    "access-control-max-age": MAX_AGE_SECONDS,
  };
}
