/** The server transactions, found by the request that they match (§17.2.3). */
import type { SipRequest } from "../message/sip_message.ts";
import { MAGIC_COOKIE } from "../message/via.ts";
import { randomSeed } from "../runtime/random.ts";
import { HashLists } from "../runtime/hash_lists.ts";
import { hashText, tableHash } from "../runtime/table_hash.ts";
import { beginsWith, detachText } from "../runtime/text.ts";
import { defaultPort, type Flow } from "../transport/transport.ts";
import type { ServerMachine, ServerMachineParts } from "./server_machine.ts";

const seed = randomSeed();

/**
 * A table by branch, sent-by and method, without a key text for each look-up. The seed is secret, so that peers cannot choose requests with one hash.
 */
export class ServerTransactions<Transaction extends ServerMachine> {
  readonly #lists = new HashLists<ServerMachine>();

  get size(): number {
    return this.#lists.size;
  }

  /** Finds the transaction of a request, or the one of another method that it belongs to. */
  find(request: SipRequest, { method, flow }: { method: string; flow: Flow }): Transaction | undefined {
    const { host, port = defaultPort(flow.protocol) } = request.topVia;
    const id = idOf(request);
    let known = this.#lists.first(hashOf(id, host, method));
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
    this.#lists.add(transaction);
  }

  delete(transaction: ServerMachine): void {
    this.#lists.delete(transaction);
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

function hashOf(id: string, host: string, method: string): number {
  return tableHash(hashText(method, hashText(host, hashText(id, seed))));
}
