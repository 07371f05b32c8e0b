/**
 * Requests that come a second time by another path while the first is under way, as when two branches of a fork upstream
 * meet here. The second is answered 482, as every user agent behind us has to (§8.2.2.2): its devices ring already.
 */
import { Header } from "../../message/header_name.ts";
import type { SipRequest } from "../../message/sip_message.ts";
import { parseVia } from "../../message/via.ts";
import { TextMap } from "../../runtime/text_map.ts";
import type { TransportLayer } from "../../transport/transport_layer.ts";

/** Longer ones are not compared: they would have to be kept. */
const MAX_KEY_LENGTH = 512;

export class MergedRequests {
  readonly #transport: Pick<TransportLayer, "isLocal">;
  readonly #pending = new TextMap<true>();

  constructor(transport: Pick<TransportLayer, "isLocal">) {
    this.#transport = transport;
  }

  /**
   * Returns a key that a request shares with itself on other paths; undefined for requests within dialogs, and for those
   * that were here before, which is a spiral or a loop (§16.3 step 4).
   */
  keyOf(request: SipRequest): string | undefined {
    const { callId, cseq, method, from, to, requestUri } = request;
    if (to.tag !== "" || from.tag === "" || this.#wasHere(request)) return undefined;
    const key = `${callId}\n${from.tag}\n${cseq} ${method}\n${requestUri}`;
    return key.length > MAX_KEY_LENGTH ? undefined : key;
  }

  /** Reports whether a request with this key is under way. */
  has(key: string | undefined): boolean {
    return key !== undefined && this.#pending.has(key);
  }

  add(key: string): void {
    this.#pending.set(key, true);
  }

  delete(key: string): void {
    this.#pending.delete(key);
  }

  /** Reports whether a Via below the first is ours. */
  #wasHere(request: SipRequest): boolean {
    const first = request.rowOf(Header.Via);
    const isOnlyVia = request.topVia.end === request.rows[first + 3] && request.rowOf(Header.Via, first) < 0;
    if (isOnlyVia) return false;
    return request.values(Header.Via).some((value) => {
      const via = parseVia(value, 0, value.length);
      return via !== undefined && this.#transport.isLocal(via.host, via.port ?? 5060);
    });
  }
}
