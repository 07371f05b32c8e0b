import { closeOnce, endpointOf, type PeerProtocol, socketHost, type StreamPeer } from "../transport_peers.ts";
import { DenoStreamPeer, isEnd } from "./tcp_peers.ts";

/** The certificates that a peer shows and trusts, in PEM. */
export interface TlsIdentity {
  readonly certificate: string;
  readonly privateKey: string;
  readonly authority: string;
}

/** SIP over TLS: a peer that has a certificate for its address and checks ours. */
export function tlsPeers(identity: TlsIdentity): PeerProtocol<StreamPeer> {
  return {
    listen(address) {
      const listener = tlsListener(address, identity);
      return {
        ...endpointOf(listener.addr),
        accept: async () => new DenoStreamPeer(await shaken(await listener.accept())),
        close: () => closeOnce(listener),
      };
    },
    connect: async (place) => new DenoStreamPeer(await tlsConnection(place, identity)),
  };
}

/** A listener on a free port. */
function tlsListener(address: string, identity: TlsIdentity): Deno.TlsListener {
  const { certificate, privateKey } = identity;
  return Deno.listenTls({ hostname: socketHost(address), port: 0, cert: certificate, key: privateKey });
}

/** A connection after its handshake, which the other side may have ended. */
async function tlsConnection(
  { address, port }: { address: string; port: number },
  { authority }: TlsIdentity,
): Promise<Deno.TlsConn> {
  const connection = await Deno.connect({ hostname: socketHost(address), port });
  connection.setNoDelay(true);
  return await shaken(
    await Deno.startTls(connection, { hostname: socketHost(address), caCerts: [authority] }),
  );
}

/** SIP over TLS: clients that trust this authority and show this certificate, or none; they listen nowhere. */
export function tlsPeersShowing(
  authority: string,
  identity: TlsIdentity | undefined,
): PeerProtocol<StreamPeer> {
  return {
    listen: () => {
      throw new Error("These peers are clients");
    },
    async connect({ address, port }) {
      const connection = await Deno.connectTls({
        hostname: socketHost(address),
        port,
        ...(identity ? { cert: identity.certificate, key: identity.privateKey } : {}),
        caCerts: [authority],
      });
      return new DenoStreamPeer(await shaken(connection));
    },
  };
}

/** Waits for the end of the handshake; the next read shows its result. */
async function shaken(connection: Deno.TlsConn): Promise<Deno.TlsConn> {
  try {
    await connection.handshake();
  } catch (error) {
    if (!isEnd(error)) throw error;
  }
  return connection;
}
