/**
 * Requests that come a second time by another path while the first is under way, as when two branches of a fork upstream
 * meet here. The second is answered 482, as every user agent behind us has to (§8.2.2.2): its devices ring already.
 */
import { Header } from "../../message/header_name.ts";
import type { SipRequest } from "../../message/sip_message.ts";
import { parseVia } from "../../message/via.ts";
import { randomSeed } from "../../runtime/random.ts";
import { codeAt } from "../../runtime/text.ts";
import type { TransportLayer } from "../../transport/transport_layer.ts";

/** UTF-16 units of the compared fields; requests with longer ones are not compared, as every request would be hashed. */
const MAX_LENGTH = 512;

/** A request that is under way; a list of those with one hash by `next`. */
export interface PendingRequest {
  readonly request: SipRequest;
  readonly hash: number;
  next: PendingRequest | undefined;
}

const seed = randomSeed();

export class MergedRequests {
  readonly #transport: Pick<TransportLayer, "isLocal">;
  /** By hash of the compared fields. */
  readonly #pending = new Map<number, PendingRequest>();

  constructor(transport: Pick<TransportLayer, "isLocal">) {
    this.#transport = transport;
  }

  /**
   * Reports whether a request may come by several paths; requests within dialogs do not, and those that were here before
   * are a spiral or a loop (§16.3 step 4).
   */
  concerns(request: SipRequest): boolean {
    const { callId, from, to, requestUri } = request;
    return to.tag === "" && from.tag !== "" &&
      callId.length + from.tag.length + requestUri.length <= MAX_LENGTH && !this.#wasHere(request);
  }

  /** Reports whether a request is under way that differs from this one by its path alone. */
  has(request: SipRequest): boolean {
    if (this.#pending.size === 0 || !this.concerns(request)) return false;
    let pending = this.#pending.get(hashOf(request));
    while (pending && !isSame(pending.request, request)) pending = pending.next;
    return pending !== undefined;
  }

  /** Returns what `delete` takes. */
  add(request: SipRequest): PendingRequest {
    const hash = hashOf(request);
    const pending = { request, hash, next: this.#pending.get(hash) };
    this.#pending.set(hash, pending);
    return pending;
  }

  delete(pending: PendingRequest): void {
    const { hash } = pending;
    let before = this.#pending.get(hash);
    if (before !== pending) {
      while (before && before.next !== pending) before = before.next;
      if (before) before.next = pending.next;
    } else if (pending.next) this.#pending.set(hash, pending.next);
    else this.#pending.delete(hash);
  }

  /** Reports whether a Via below the first is ours. */
  #wasHere(request: SipRequest): boolean {
    const first = request.rowOf(Header.Via);
    const isOnlyVia = request.topVia.end === request.rows[first + 3] && request.rowOf(Header.Via, first) < 0;
    return !isOnlyVia && this.#hasOwnVia(request);
  }

  #hasOwnVia(request: SipRequest): boolean {
    return request.values(Header.Via).some((value) => this.#isOurs(value));
  }

  #isOurs(value: string): boolean {
    const via = parseVia(value, 0, value.length);
    return via !== undefined && this.#transport.isLocal(via.host, via.port ?? 5060);
  }
}

function isSame(a: SipRequest, b: SipRequest): boolean {
  return a.cseq === b.cseq && a.from.tag === b.from.tag && a.callId === b.callId && a.method === b.method &&
    a.requestUri === b.requestUri;
}

function hashOf({ callId, cseq, from, requestUri }: SipRequest): number {
  const hash = hashText(requestUri, hashText(from.tag, hashText(callId, seed ^ cseq)));
  return (hash ^ hash >>> 15) & 0x3fffffff;
}

function hashText(text: string, start: number): number {
  let hash = start;
  for (let i = 0, end = text.length; i < end; i++) hash = Math.imul(hash ^ codeAt(text, i), 0x01000193);
  return hash;
}
