/**
 * Requests that come a second time by another path while the first is under way, as when two branches of a fork upstream
 * meet here. The second is answered 482, as every user agent behind us has to (§8.2.2.2): its devices ring already.
 */
import { Header } from "../../message/header_name.ts";
import type { SipRequest } from "../../message/sip_message.ts";
import { parseVia } from "../../message/via.ts";
import { randomSeed } from "../../runtime/random.ts";
import { type HashedElement, HashLists } from "../../runtime/hash_lists.ts";
import { hashText, tableHash } from "../../runtime/table_hash.ts";
import type { TransportLayer } from "../../transport/transport_layer.ts";

/** UTF-16 units of the compared fields; requests with longer ones are not compared, as every request would be hashed. */
const MAX_LENGTH = 512;

/** A request that is under way. */
export interface PendingRequest extends HashedElement<PendingRequest> {
  readonly request: SipRequest;
}

const seed = randomSeed();

export class MergedRequests {
  readonly #transport: Pick<TransportLayer, "isLocal">;
  /** By hash of the compared fields. */
  readonly #pending = new HashLists<PendingRequest>();

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
    let pending = this.#pending.first(hashOf(request));
    while (pending && !isSame(pending.request, request)) pending = pending.next;
    return pending !== undefined;
  }

  /** Returns what `delete` takes. */
  add(request: SipRequest): PendingRequest {
    const pending: PendingRequest = { request, hash: hashOf(request), next: undefined };
    this.#pending.add(pending);
    return pending;
  }

  delete(pending: PendingRequest): void {
    this.#pending.delete(pending);
  }

  /** Reports whether a Via below the first is ours. */
  #wasHere(request: SipRequest): boolean {
    return !request.hasOneVia && this.#hasOwnVia(request);
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
  return tableHash(hashText(requestUri, hashText(from.tag, hashText(callId, seed ^ cseq))));
}
