/** TLS (§18, §26.2.1). */
import type { ConnectionLimits } from "../connection_limits.ts";
import { ConnectionTransport } from "../connection_transport.ts";
import { StreamCarrier } from "../stream_carrier.ts";
import type { TlsContexts } from "./tls_contexts.ts";
import { TlsSockets } from "./tls_sockets.ts";

/** Returns a transport that is not listening yet. */
export function createTlsTransport(
  endpoint: { address: string; port: number },
  limits: ConnectionLimits,
  contexts: TlsContexts,
): ConnectionTransport {
  return new ConnectionTransport({
    ...endpoint,
    protocol: "tls",
    limits,
    sockets: new TlsSockets(contexts),
    carrier: new StreamCarrier({ limits, isMessageOriented: false }),
    isKeyedByDomain: true,
  });
}
