/** Abilities of the TLS of the runtime. Binaries may be built on an older one, whose servers have one certificate. */
import net from "node:net";
import tls from "node:tls";
import { repeat } from "../../runtime/clock.ts";

/** True when servers choose certificates by name, ask clients for theirs, and report handshakes. */
export const HAS_FULL_SERVERS = tls.Server.prototype instanceof net.Server;

/** A certificate with its chain and its key, in PEM. */
export interface ShownCertificate {
  readonly cert: string;
  readonly key: string;
}

const CERTIFICATE_CHECK_MS = 1000;
const HANDSHAKE_CHECK_MS = 5;

/** Calls `listenAgain` when `read` resolves with another certificate, until that succeeds. Returns a function that ends it. */
export function followCertificate(
  shown: ShownCertificate,
  read: () => Promise<ShownCertificate>,
  listenAgain: (certificate: ShownCertificate) => Promise<void>,
): () => void {
  let { cert, key } = shown;
  let isBusy = false;
  const look = async () => {
    const now = await read();
    if (now.cert === cert && now.key === key) return;
    await listenAgain(now);
    ({ cert, key } = now);
  };
  return repeat(() => {
    if (isBusy) return;
    isBusy = true;
    look().catch(() => {}).finally(() => isBusy = false);
  }, { intervalMs: CERTIFICATE_CHECK_MS });
}

/** Calls `done` with the certificate of the peer (DER) after the handshake, which older runtimes do not report. */
export function onceSecure(socket: tls.TLSSocket, done: (certificate: Uint8Array) => void): void {
  const look = () => {
    const raw = shownBy(socket);
    if (raw === undefined) return false;
    done(raw);
    return true;
  };
  if (look()) return;
  const stop = repeat(() => look() && stop(), { intervalMs: HANDSHAKE_CHECK_MS });
  socket.once("close", stop);
}

function shownBy(socket: tls.TLSSocket): Uint8Array | undefined {
  try {
    return socket.getPeerCertificate().raw;
  } catch {
    // Older runtimes throw during the handshake.
    return undefined;
  }
}
