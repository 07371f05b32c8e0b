/** What a request is for (RFC 9112 §3.2). */
import type http from "node:http";

const HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i;

/**
 * The whole URL; undefined when it cannot be read: percent-encoding in the path that is none, NUL, or a form that is for
 * proxies. The host is what the client says, and proves nothing.
 */
export function urlOf(
  { url = "", headers }: http.IncomingMessage,
  scheme: "http" | "https",
): string | undefined {
  const { host = "" } = headers;
  // A host that a URL cannot have is of no interest: nothing is chosen by it.
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
