/** Loops (§16.3 step 4, RFC 5393 §4.2): a request that comes back with nothing changed that decides where it goes. */
import { Header } from "../../message/header_name.ts";
import type { SipRequest } from "../../message/sip_message.ts";
import { MAGIC_COOKIE, parseVia } from "../../message/via.ts";
import { randomToken } from "../../runtime/random.ts";
import type { TransportLayer } from "../../transport/transport_layer.ts";

/**
 * Returns a digest of everything that decides where we send a request: Request-URI and Route.
 * @param seed shared by all threads of a server, and unknown to others
 */
export function routingDigest(request: SipRequest, seed: number): string {
  let digest = hash(seed, request.requestUri);
  for (let row = request.rowOf(Header.Route); row >= 0; row = request.rowOf(Header.Route, row)) {
    digest = hash(digest, request.rowValue(row));
  }
  return (digest >>> 0).toString(36);
}

/** Returns a new branch of ours: unique before the dot, the digest behind it (§16.6 step 8). */
export function newBranch(digest: string): string {
  return `${MAGIC_COOKIE}${randomToken()}.${digest}`;
}

/** Reports whether this request was here before, with everything the same that decides where it goes. */
export function isLoop(
  request: SipRequest,
  { transport, seed }: { transport: TransportLayer; seed: number },
): boolean {
  const first = request.rowOf(Header.Via);
  const isOnlyVia = request.topVia.end === request.rows[first + 3] && request.rowOf(Header.Via, first) < 0;
  if (isOnlyVia) return false;
  const digest = routingDigest(request, seed);
  return request.values(Header.Via).some((value) => {
    const via = parseVia(value, 0, value.length);
    if (!via || !transport.isLocal(via.host, via.port ?? 5060)) return false;
    return via.branch.slice(via.branch.lastIndexOf(".") + 1) === digest;
  });
}

function hash(start: number, text: string): number {
  let result = start;
  for (let i = 0; i < text.length; i++) result = Math.imul(result ^ text.charCodeAt(i), 0x01000193);
  return result;
}
