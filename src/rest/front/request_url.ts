/** The target of a request (RFC 9112 §3.2). */
import type http from "node:http";

const HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i;

/** Returns the URL of a request, undefined when malformed or meant for proxies. Its host is the client's word only. */
export function urlOf(
  { url = "", headers }: http.IncomingMessage,
  scheme: "http" | "https",
): string | undefined {
  const { host = "" } = headers;
  // A malformed host is replaced: nothing depends on it.
  const text = url.startsWith("/") ? `${scheme}://${HOST.test(host) ? host : "localhost"}${url}` : url;
  const parsed = URL.parse(text);
  if (parsed === null || (parsed.protocol !== "http:" && parsed.protocol !== "https:")) return undefined;
  if (!isReadable(parsed.pathname)) return undefined;
  return `${parsed.protocol}//${parsed.host}${parsed.pathname}${parsed.search}`;
}

function isReadable(path: string): boolean {
  if (!path.includes("%")) return true;
  try {
    return !decodeURIComponent(path).includes("\0");
  } catch {
    return false;
  }
}
