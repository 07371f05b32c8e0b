/** Transactions of a simulated phone: requests that are sent until they are answered, and responses that are repeated. */
import type { PhoneConnection } from "../../bench/load/phone_connection.ts";
import { header, statusCode } from "../../bench/load/sip_answer.ts";
import { ackFor, branchOf, type RequestParts, requestText } from "./request_text.ts";

/** The end of a client transaction. */
export interface Reply {
  /** 0 when no final response came. */
  readonly status: number;
  /** The final response; empty without one. */
  readonly text: string;
  /** `486 Busy Here`, `no answer`, `connection lost`. */
  readonly reason: string;
  /** Milliseconds to the first response, a provisional one included; undefined without any. */
  readonly answeredAfterMs: number | undefined;
}

export interface RequestOptions {
  /** Called with each provisional response but 100. */
  readonly onProvisional?: (response: string) => void;
}

interface ClientTransaction extends RequestOptions {
  readonly text: string;
  readonly sentAt: number;
  readonly isInvite: boolean;
  readonly resolve: (reply: Reply) => void;
  answeredAfterMs: number | undefined;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** RFC 3261 §17.1.1.2: T1, T2 and Timer B. */
const T1_MS = 500;
const T2_MS = 4_000;
const TIMER_B_MS = 64 * T1_MS;
/** Time for a final response to an INVITE that was answered provisionally. */
const RINGING_MS = 100_000;

export class UserAgent {
  /** Called with each request but for repetitions and ACK; answers it by `respond`. */
  onRequest: (request: string) => void = () => {};
  onAck: (request: string) => void = () => {};
  /** Calls that it could not end, because the server has lost the other end. */
  unendedCalls = 0;
  #connection: PhoneConnection | undefined;
  /** By branch and method (§17.1.3). */
  readonly #clients = new Map<string, ClientTransaction>();
  /** The ACK of each INVITE that was answered lately, by branch, for repeated responses. */
  readonly #acks = new Map<string, string>();
  /** The latest response to each request of late, by branch and method. */
  readonly #responses = new Map<string, string>();

  get connection(): PhoneConnection | undefined {
    return this.#connection?.isOpen ? this.#connection : undefined;
  }

  /** Sends by this connection from now on. */
  use(connection: PhoneConnection): void {
    this.#connection = connection;
    connection.onMessage = (text) => this.#receive(text);
  }

  /** Ends all transactions, which cannot be answered by a connection that is gone. */
  lose(): void {
    this.#connection = undefined;
    for (const key of [...this.#clients.keys()]) this.#end(key, "connection lost");
  }

  /** Sends a request and resolves when it has ended. A refused INVITE is acknowledged, an accepted one is not. */
  request(parts: RequestParts, options: RequestOptions = {}): Promise<Reply> {
    const connection = this.connection;
    if (!connection) return Promise.resolve(noReply("connection lost"));
    const text = requestText(parts, connection);
    const key = keyOf(text, parts.method);
    return new Promise((resolve) => {
      const client: ClientTransaction = {
        ...options,
        text,
        sentAt: performance.now(),
        isInvite: parts.method === "INVITE",
        resolve,
        answeredAfterMs: undefined,
        timer: undefined,
      };
      this.#clients.set(key, client);
      connection.send(text);
      this.#await(key, client, T1_MS);
    });
  }

  /** Sends a request that nothing answers: an ACK, repeated with the response to the INVITE of this branch. */
  acknowledge(parts: RequestParts, inviteBranch: string): void {
    if (!this.connection) return;
    const text = requestText(parts, this.connection);
    this.#keep(this.#acks, inviteBranch, text);
    this.send(text);
  }

  /** Sends the response to a request, and again when the request is repeated. */
  respond(request: string, response: string): void {
    this.#keep(this.#responses, keyOf(request, methodOf(request)), response);
    this.send(response);
  }

  send(text: string): void {
    this.connection?.send(text);
  }

  /** Sends again by UDP with growing pauses, and gives up at last (§17.1). */
  #await(key: string, client: ClientTransaction, intervalMs: number): void {
    const isRinging = client.isInvite && client.answeredAfterMs !== undefined;
    const leftMs = client.sentAt + (isRinging ? RINGING_MS : TIMER_B_MS) - performance.now();
    const repeats = this.#connection?.protocol === "udp" && !isRinging;
    client.timer = setTimeout(() => {
      if (performance.now() >= client.sentAt + (isRinging ? RINGING_MS : TIMER_B_MS) - 1) {
        return this.#end(key, "no answer");
      }
      if (repeats && !(client.isInvite && client.answeredAfterMs !== undefined)) this.send(client.text);
      this.#await(key, client, client.isInvite ? intervalMs * 2 : Math.min(T2_MS, intervalMs * 2));
    }, Math.max(0, repeats ? Math.min(intervalMs, leftMs) : leftMs));
  }

  #receive(text: string): void {
    if (Number.isNaN(statusCode(text))) return this.#receiveRequest(text);
    const method = header(text, "CSeq").split(" ")[1];
    const key = keyOf(text, method);
    const client = this.#clients.get(key);
    if (!client) {
      const ack = this.#acks.get(branchOf(text));
      if (ack && method === "INVITE" && statusCode(text) >= 200) this.send(ack);
      return;
    }
    const isFirst = client.answeredAfterMs === undefined;
    client.answeredAfterMs ??= performance.now() - client.sentAt;
    const status = statusCode(text);
    if (status >= 200) return this.#end(key, text.slice(8, text.indexOf("\r\n")), text);
    if (isFirst && client.isInvite) {
      clearTimeout(client.timer);
      this.#await(key, client, T1_MS);
    }
    if (status > 100) client.onProvisional?.(text);
  }

  #receiveRequest(request: string): void {
    if (request.startsWith("ACK ")) return this.onAck(request);
    const known = this.#responses.get(keyOf(request, methodOf(request)));
    if (known === undefined) return this.onRequest(request);
    this.send(known);
  }

  #end(key: string, reason: string, text = ""): void {
    const client = this.#clients.get(key)!;
    this.#clients.delete(key);
    clearTimeout(client.timer);
    const status = text === "" ? 0 : statusCode(text);
    if (client.isInvite && status >= 300) {
      const ack = ackFor(client.text, text);
      this.#keep(this.#acks, branchOf(client.text), ack);
      this.send(ack);
    }
    client.resolve({ status, text, reason, answeredAfterMs: client.answeredAfterMs });
  }

  /** Keeps a text for as long as its message may be repeated. */
  #keep(texts: Map<string, string>, key: string, text: string): void {
    const isNew = !texts.has(key);
    texts.set(key, text);
    if (isNew) Deno.unrefTimer(setTimeout(() => texts.delete(key), TIMER_B_MS + T2_MS));
  }
}

function noReply(reason: string): Reply {
  return { status: 0, text: "", reason, answeredAfterMs: undefined };
}

function keyOf(message: string, method: string): string {
  return `${branchOf(message)} ${method}`;
}

function methodOf(request: string): string {
  return request.slice(0, request.indexOf(" "));
}
