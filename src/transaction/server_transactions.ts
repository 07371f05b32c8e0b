/** The server transactions, found by the request that they match (§17.2.3). */
import type { SipRequest } from "../message/sip_message.ts";
import { MAGIC_COOKIE } from "../message/via.ts";
import { randomSeed } from "../runtime/random.ts";
import { beginsWith, codeAt, detachText } from "../runtime/text.ts";
import { defaultPort, type Flow } from "../transport/transport.ts";
import type { ServerMachine, ServerMachineParts } from "./server_machine.ts";

const seed = randomSeed();

/**
 * A table by branch, sent-by and method, without a key text for each look-up: transactions with one hash are chained by
 * their `next`. The seed is secret, so that peers cannot choose requests with one hash.
 */
export class ServerTransactions<Transaction extends ServerMachine> {
  readonly #chains = new Map<number, ServerMachine>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Finds the transaction of a request, or the one of another method that it belongs to. */
  find(request: SipRequest, { method, flow }: { method: string; flow: Flow }): Transaction | undefined {
    const { host, port = defaultPort(flow.protocol) } = request.topVia;
    const id = idOf(request);
    let known = this.#chains.get(hashOf(id, host, method));
    while (
      known &&
      !(known.id === id && known.method === method && known.sentByHost === host && known.sentByPort === port)
    ) {
      known = known.next;
    }
    return known as Transaction | undefined;
  }

  /** Adds a transaction that is not in the table. */
  add(transaction: Transaction): void {
    transaction.hash = hashOf(transaction.id, transaction.sentByHost, transaction.method);
    transaction.next = this.#chains.get(transaction.hash);
    this.#chains.set(transaction.hash, transaction);
    this.#size++;
  }

  delete(transaction: ServerMachine): void {
    const { hash, next } = transaction;
    const head = this.#chains.get(hash);
    if (head === transaction) {
      if (next) this.#chains.set(hash, next);
      else this.#chains.delete(hash);
    } else {
      let before = head;
      while (before && before.next !== transaction) before = before.next;
      if (!before) return;
      before.next = next;
    }
    this.#size--;
  }
}

/** Returns what a new transaction is found by. Substrings would keep the whole request. */
export function matchingParts(
  request: SipRequest,
  flow: Flow,
): Pick<ServerMachineParts, "id" | "sentByHost" | "sentByPort"> {
  const { host, port = defaultPort(flow.protocol) } = request.topVia;
  return { id: detachText(idOf(request)), sentByHost: detachText(host), sentByPort: port };
}

/**
 * Returns the branch. For RFC 2543 elements, without a unique branch, it is what request, retransmission and ACK have in
 * common.
 */
function idOf({ topVia: { branch }, callId, cseq, from, requestUri, topViaText }: SipRequest): string {
  return beginsWith(branch, MAGIC_COOKIE)
    ? branch
    : `${callId} ${cseq} ${from.tag} ${requestUri} ${topViaText}`;
}

/** Returns 30 bits, which V8 stores without a heap object. */
function hashOf(id: string, host: string, method: string): number {
  const hash = hashed(method, hashed(host, hashed(id, seed)));
  return (hash ^ hash >>> 15) & 0x3fffffff;
}

function hashed(text: string, before: number): number {
  let hash = before;
  for (let i = 0, end = text.length; i < end; i++) hash = Math.imul(hash ^ codeAt(text, i), 0x01000193);
  return hash;
}
