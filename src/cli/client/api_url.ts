/** The URL of a service as users write it. */
import { BASE_PATH } from "../../rest/operation.ts";
import { ClientError } from "./client_error.ts";

const DEFAULT_PORT = 4567;

/** Returns the whole URL: for `localhost` `https://localhost:4567/api/v1beta1`. Throws `ClientError`. */
export function readApiUrl(text: string): string {
  const isWhole = /^https?:\/\//i.test(text);
  const url = URL.parse(isWhole ? text : text.includes("://") ? "" : `https://${text}`);
  if (url === null || url.username || url.password || url.search || url.hash) {
    const message = `"${
      withoutUser(text)
    }" is not the URL of a service, expected such as https://localhost:4567`;
    throw new ClientError(message, { exitStatus: 2 });
  }
  if (!isWhole && !url.port) url.port = String(DEFAULT_PORT);
  const path = url.pathname.replace(/\/+$/, "");
  return url.origin + (path === "" ? BASE_PATH : path);
}

/** Reports whether a URL leads to this host. */
export function isLoopback({ hostname }: URL): boolean {
  return /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/i.test(hostname);
}

/** Removes user and password from a URL for messages. */
function withoutUser(text: string): string {
  return text.replace(/^((?:[a-z]+:\/\/)?)[^@/]*@/i, "$1");
}
