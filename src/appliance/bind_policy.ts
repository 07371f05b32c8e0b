/** The address that the REST service may listen on. */
import type { Directory } from "../data/directory.ts";
import { isSecretOf, SHIPPED_SECRET } from "../data/user.ts";

const LOOPBACK = "127.0.0.1";

/** Returns the configured address, or loopback while a user has the secret that is shipped and publicly known. */
export function permittedBindAddress(configured: string, directory: Pick<Directory, "users">): string {
  if (/^127\.|^::1$|^\[::1\]$/.test(configured)) return configured;
  for (const user of directory.users()) {
    if (isSecretOf(user, SHIPPED_SECRET)) return LOOPBACK;
  }
  return configured;
}
