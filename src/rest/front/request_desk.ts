/** Takes requests in, hands them to the main thread, and brings answers out. */
import type http from "node:http";
import type net from "node:net";
import type tls from "node:tls";
import { toUriHost } from "../../runtime/ip/ip_address.ts";
import type { TlsContexts } from "../../transport/tls/tls_contexts.ts";
import type { Client } from "../operation.ts";
import { AddressQuota } from "./address_quota.ts";
import { ClientCertificates } from "./client_certificates.ts";
import { Exchange } from "./exchange.ts";
import type { AnswerHead, FrontLimits, FrontReport } from "./front_messages.ts";
import { RefusalLines } from "./refusal_lines.ts";
import { BodyReader, hasBody, Refusal } from "./request_body.ts";
import { urlOf } from "./request_url.ts";
import { Turns } from "./turns.ts";

/** Those that the Fetch API has, too. */
const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]);
/** More are cut off by the runtime. */
const MAX_HEADERS = 200;
/** Milliseconds after which the main thread gets other requests though it has not answered one. */
const LONGEST_TURN = 10_000;

/** A request that is with the main thread. */
interface Turn {
  readonly begunAt: number;
}

export interface RequestDeskOptions {
  readonly limits: FrontLimits;
  /** HTTPS with them. */
  readonly contexts: TlsContexts | undefined;
  readonly tell: (report: FrontReport, transfer?: ArrayBuffer[]) => void;
}

export class RequestDesk {
  readonly #options: RequestDeskOptions;
  readonly #scheme: "http" | "https";
  readonly #certificates: ClientCertificates | undefined;
  readonly #quota: AddressQuota;
  readonly #bodies: BodyReader;
  readonly #turns: Turns;
  readonly #lines = new RefusalLines();
  readonly #open = new Map<number, Exchange>();
  readonly #running = new Map<number, Turn>();
  #streams = 0;
  #lastId = 0;
  #rejected = 0;
  #isClosing = false;
  #onEmpty = () => {};

  constructor(options: RequestDeskOptions) {
    const { limits, contexts } = options;
    this.#options = options;
    this.#scheme = contexts === undefined ? "http" : "https";
    const asks = contexts !== undefined && contexts.settings.clientCertificates !== "none";
    this.#certificates = asks ? new ClientCertificates(contexts) : undefined;
    this.#quota = new AddressQuota(limits.maxRequestsPerAddress);
    this.#bodies = new BodyReader(limits);
    this.#turns = new Turns(limits.maxRequests);
  }

  /** Requests that were refused here. */
  get rejected(): number {
    return this.#rejected;
  }

  /** Never throws, nor rejects. */
  async take(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const exchange = new Exchange(++this.#lastId, request, response);
    const address = addressOf(request.socket);
    // It has left already.
    if (address === undefined) return exchange.cut();
    this.#open.set(exchange.id, exchange);
    response.once("close", () => this.#onClosed(exchange));
    try {
      this.#admit(address, response);
      await this.#serve(exchange, request, response);
    } catch (error) {
      // Where it has left, or did not send its body in time, there is nobody to answer.
      if (!(error instanceof Refusal) && request.destroyed) return;
      const refusal = error instanceof Refusal ? error : new Refusal(400, "The request cannot be read");
      this.#refuse(exchange, refusal);
      this.#lines.request(request, address, refusal);
    }
  }

  answer(id: number, head: AnswerHead, body: ArrayBuffer): void {
    this.#endTurn(id);
    this.#open.get(id)?.answer(head, new Uint8Array(body));
  }

  begin(id: number, head: AnswerHead): void {
    this.#endTurn(id);
    const exchange = this.#open.get(id);
    if (exchange === undefined || this.#isClosing) return this.#options.tell({ kind: "left", id });
    if (this.#streams >= this.#options.limits.maxStreams) {
      this.#refuse(exchange, new Refusal(503, "Too many streams"));
      return this.#options.tell({ kind: "left", id });
    }
    this.#streams++;
    exchange.begin(head, (count) => this.#options.tell({ kind: "taken", id, count }));
  }

  chunk(id: number, bytes: ArrayBuffer): void {
    this.#open.get(id)?.write(new Uint8Array(bytes));
  }

  end(id: number): void {
    this.#open.get(id)?.end();
  }

  /** Looks for what takes too long; to be called once a second or so. */
  sweep(): void {
    for (const exchange of this.#open.values()) {
      if (exchange.isStalled(this.#options.limits.timeoutMillis)) exchange.cut();
    }
    for (const [id, { begunAt }] of this.#running) {
      if (performance.now() - begunAt > LONGEST_TURN) this.#endTurn(id);
    }
  }

  /** Takes no more requests, and resolves when there are none under way. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#lines.close();
    if (this.#open.size > 0) await new Promise<void>((resolve) => this.#onEmpty = resolve);
  }

  /** Throws a `Refusal`. */
  #admit(address: string, response: http.ServerResponse): void {
    if (this.#isClosing) throw new Refusal(503, "The service is stopping");
    if (!this.#quota.take(address)) throw new Refusal(429, "Too many requests at a time");
    response.once("close", () => this.#quota.release(address));
  }

  /** Rejects with a `Refusal`, or when the client leaves. Without a body, it is with the main thread at once. */
  async #serve(
    exchange: Exchange,
    request: http.IncomingMessage,
    response: http.ServerResponse,
  ): Promise<void> {
    const { method = "", rawHeaders } = request;
    if (!METHODS.has(method)) throw new Refusal(501, "There is no such method");
    if (rawHeaders.length >= 2 * MAX_HEADERS) throw new Refusal(431, "Too many header fields");
    const url = urlOf(request, this.#scheme);
    if (url === undefined) throw new Refusal(400, "The path cannot be read");
    const address = addressOf(request.socket) ?? "";
    // Before the body: who may not is not listened to.
    const subject = this.#certificates &&
      await this.#certificates.subjectOf(request.socket as tls.TLSSocket);
    const isLoopback = address === "[::1]" || address.startsWith("127.");
    const client: Client = { address, isLoopback, ...subject !== undefined && { subject } };
    const body = hasBody(request) ? await this.#readBody(request, response) : undefined;
    const { id } = exchange;
    const isTaken = this.#turns.take(() => {
      if (body !== undefined) this.#bodies.release(body);
      // Who is gone needs no answer.
      if (exchange.isOver) return this.#turns.done();
      this.#running.set(id, { begunAt: performance.now() });
      const sent = { id, method, url, headers: rawHeaders, body: body?.buffer, client };
      this.#options.tell({ kind: "request", request: sent }, body && [body.buffer]);
    });
    if (isTaken) return;
    if (body !== undefined) this.#bodies.release(body);
    throw new Refusal(503, "Too many requests");
  }

  async #readBody(
    request: http.IncomingMessage,
    response: http.ServerResponse,
  ): Promise<Uint8Array<ArrayBuffer>> {
    this.#bodies.check(request);
    if (request.headers.expect?.toLowerCase() === "100-continue") response.writeContinue();
    return await this.#bodies.read(request);
  }

  #refuse(exchange: Exchange, { status, message }: Refusal): void {
    this.#rejected++;
    exchange.refuse(status, message);
  }

  #endTurn(id: number): void {
    if (this.#running.delete(id)) this.#turns.done();
  }

  #onClosed(exchange: Exchange): void {
    this.#open.delete(exchange.id);
    if (exchange.isStream) {
      this.#streams--;
      this.#options.tell({ kind: "left", id: exchange.id });
    }
    if (this.#open.size === 0) this.#onEmpty();
  }
}

/** As in URIs; undefined when the socket is closed. */
export function addressOf({ remoteAddress }: net.Socket): string | undefined {
  return remoteAddress === undefined ? undefined : toUriHost(remoteAddress);
}
