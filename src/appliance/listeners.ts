import type { Configuration } from "../config/configuration.ts";
import { toUriHost } from "../runtime/ip/ip_address.ts";
import { logger } from "../runtime/log.ts";
import type { Server } from "./server.ts";

const log = logger("server");

/**
 * Opens the listeners and logs each. Returns the names of those that failed; undefined when the server cannot serve.
 */
export async function openListeners(
  server: Server,
  { strictListeners }: Configuration,
): Promise<string[] | undefined> {
  const failed = await server.start();
  for (const { protocol, address, port } of server.transports) {
    log.info("Listening on {protocol} {address}:{port}", { protocol, address, port });
  }
  const failedNames = failed.map(({ listener: { protocol, bindAddr, port }, reason }) => {
    const address = toUriHost(bindAddr);
    log.error("Cannot listen on {protocol} {address}:{port}: {reason}", { protocol, address, port, reason });
    return `${protocol} ${address}:${port}`;
  });
  if (server.transports.length > 0 && (failed.length === 0 || !strictListeners)) return failedNames;
  const why = strictListeners ? "a listener failed" : "no listener is left";
  log.fatal("Cannot start: {why}", { why });
  return undefined;
}
