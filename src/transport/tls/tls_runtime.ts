/** What the runtime's TLS can do: binaries may be built on an older one, whose servers show one certificate to everybody. */
import net from "node:net";
import tls from "node:tls";
import { repeat } from "../../runtime/clock.ts";

/** Whether servers choose certificates by name, ask clients for theirs, and tell of handshakes. */
export const HAS_FULL_SERVERS = tls.Server.prototype instanceof net.Server;

/** A certificate with its chain and its key, in PEM. */
export interface ShownCertificate {
  readonly cert: string;
  readonly key: string;
}

/** Milliseconds between two looks whether another certificate is to be shown. */
const LOOK_INTERVAL = 1000;
/** Milliseconds between two looks whether a handshake is done, of which older runtimes do not tell. */
const HANDSHAKE_INTERVAL = 5;

/** Calls `listenAgain` when `read` resolves with another certificate than before, until it succeeds. Returns how to end that. */
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
  }, { intervalMs: LOOK_INTERVAL });
}

/** Calls `done` with the certificate of the peer (DER) once the handshake is done; never when it fails, or the socket ends. */
export function onceSecure(socket: tls.TLSSocket, done: (certificate: Uint8Array) => void): void {
  const look = () => {
    const raw = shownBy(socket);
    if (raw === undefined) return false;
    done(raw);
    return true;
  };
  if (look()) return;
  const stop = repeat(() => look() && stop(), { intervalMs: HANDSHAKE_INTERVAL });
  socket.once("close", stop);
}

function shownBy(socket: tls.TLSSocket): Uint8Array | undefined {
  try {
    return socket.getPeerCertificate().raw;
  } catch {
    // Older runtimes throw while the handshake is under way.
    return undefined;
  }
}
