/** The URL of a service, as people give it. */
import { ClientError } from "./client_error.ts";

const BASE_PATH = "/api/v1beta1";
/** Of hosts that are named without one. */
const PORT = 4567;

/**
 * Without a slash at the end. `localhost` is `https://localhost:4567/api/v1beta1`; what a URL says itself stays. Throws
 * `ClientError` for what is none.
 */
export function readApiUrl(text: string): string {
  const isWhole = /^https?:\/\//i.test(text);
  const url = URL.parse(isWhole ? text : text.includes("://") ? "" : `https://${text}`);
  if (url === null || url.username || url.password || url.search || url.hash) {
    const message = `"${
      withoutUser(text)
    }" is not the URL of a service, expected such as https://localhost:4567`;
    throw new ClientError(message, { exitStatus: 2 });
  }
  if (!isWhole && !url.port) url.port = String(PORT);
  const path = url.pathname.replace(/\/+$/, "");
  return url.origin + (path === "" ? BASE_PATH : path);
}

/** Whether nobody else can be at the other end. */
export function isLoopback({ hostname }: URL): boolean {
  return /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/i.test(hostname);
}

/** People put secrets there. */
function withoutUser(text: string): string {
  return text.replace(/^((?:[a-z]+:\/\/)?)[^@/]*@/i, "$1");
}
