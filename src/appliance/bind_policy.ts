/** From where the REST service can be reached. */
import type { Directory } from "../data/directory.ts";
import { isSecretOf, SHIPPED_SECRET } from "../data/user.ts";

const LOOPBACK = "127.0.0.1";

/** The address to listen on: this host only, as long as a user has the secret that everybody knows. */
export function exposedAddress(configured: string, directory: Pick<Directory, "users">): string {
  if (/^127\.|^::1$|^\[::1\]$/.test(configured)) return configured;
  for (const user of directory.users()) {
    if (isSecretOf(user, SHIPPED_SECRET)) return LOOPBACK;
  }
  return configured;
}
