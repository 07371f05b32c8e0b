/** Relays requests to the main thread and its answers to the clients. */
import { systemClock } from "../../runtime/clock.ts";
import type http from "node:http";
import type net from "node:net";
import type tls from "node:tls";
import { toUriHost } from "../../runtime/ip/ip_address.ts";
import type { TlsContexts } from "../../transport/tls/tls_contexts.ts";
import type { Client } from "../operation.ts";
import { AddressQuota } from "../../runtime/ip/address_quota.ts";
import { AdmissionQueue } from "./admission_queue.ts";
import { ClientCertificates } from "./client_certificates.ts";
import { Exchange } from "./exchange.ts";
import type { AnswerHead, FrontLimits, FrontReport } from "./front_messages.ts";
import { RefusalLines } from "./refusal_lines.ts";
import { HttpError } from "../http/http_error.ts";
import { BodyReader, hasBody } from "./request_body.ts";
import { urlOf } from "./request_url.ts";

/** The methods that the Fetch API can express. */
const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]);
/** The runtime drops further header fields. */
const MAX_HEADERS = 200;
/** An unanswered request gives its place in the queue away after this time. */
const MAX_SERVING_MS = 10_000;

export interface RequestRelayOptions {
  readonly limits: FrontLimits;
  /** Makes it HTTPS. */
  readonly contexts: TlsContexts | undefined;
  readonly tell: (report: FrontReport, transfer?: ArrayBuffer[]) => void;
}

export class RequestRelay {
  readonly #options: RequestRelayOptions;
  readonly #scheme: "http" | "https";
  readonly #certificates: ClientCertificates | undefined;
  readonly #quota: AddressQuota;
  readonly #bodies: BodyReader;
  readonly #queue: AdmissionQueue;
  readonly #lines = new RefusalLines();
  readonly #open = new Map<number, Exchange>();
  /** Requests of the main thread by id, with the clock's time when they were handed over. */
  readonly #running = new Map<number, number>();
  #streams = 0;
  #lastId = 0;
  #rejected = 0;
  #isClosing = false;
  #onEmpty = () => {};

  constructor(options: RequestRelayOptions) {
    const { limits, contexts } = options;
    this.#options = options;
    this.#scheme = contexts === undefined ? "http" : "https";
    const asks = contexts !== undefined && contexts.settings.clientCertificates !== "none";
    this.#certificates = asks ? new ClientCertificates(contexts) : undefined;
    this.#quota = new AddressQuota(limits.maxRequestsPerAddress);
    this.#bodies = new BodyReader(limits);
    this.#queue = new AdmissionQueue(limits.maxRequests);
  }

  /** The number of requests refused by this thread. */
  get rejected(): number {
    return this.#rejected;
  }

  /** Serves one request. Never rejects. */
  async take(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const exchange = new Exchange(++this.#lastId, request, response);
    const address = clientAddress(request.socket);
    if (address === undefined) return exchange.cut();
    this.#open.set(exchange.id, exchange);
    response.once("close", () => this.#onClosed(exchange));
    try {
      this.#admit(address, response);
      await this.#serve(exchange, request, response);
    } catch (error) {
      // A client that left, or did not send its body in time, gets no answer.
      if (!(error instanceof HttpError) && request.destroyed) return;
      const refusal = error instanceof HttpError ? error : new HttpError(400, "The request cannot be read");
      this.#refuse(exchange, refusal);
      this.#lines.request(request, address, refusal);
    }
  }

  answer(id: number, head: AnswerHead, body: ArrayBuffer): void {
    this.#release(id);
    this.#open.get(id)?.answer(head, new Uint8Array(body));
  }

  begin(id: number, head: AnswerHead): void {
    this.#release(id);
    const exchange = this.#open.get(id);
    if (exchange === undefined || this.#isClosing) return this.#options.tell({ kind: "left", id });
    if (this.#streams >= this.#options.limits.maxStreams) {
      this.#refuse(exchange, new HttpError(503, "Too many streams"));
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

  /** Cuts stalled clients and frees the places of slow answers. Call it about once a second. */
  sweep(): void {
    for (const exchange of this.#open.values()) {
      if (exchange.isStalled(this.#options.limits.timeoutMillis)) exchange.cut();
    }
    for (const [id, startedAt] of this.#running) {
      if (systemClock.now() - startedAt > MAX_SERVING_MS) this.#release(id);
    }
  }

  /** Refuses further requests and resolves when none is under way. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#lines.close();
    if (this.#open.size > 0) await new Promise<void>((resolve) => this.#onEmpty = resolve);
  }

  /** Throws a `HttpError` when the service stops or the address has its quota under way. */
  #admit(address: string, response: http.ServerResponse): void {
    if (this.#isClosing) throw new HttpError(503, "The service is stopping");
    if (!this.#quota.take(address)) throw new HttpError(429, "Too many requests at a time");
    response.once("close", () => this.#quota.release(address));
  }

  /**
   * Hands a request to the main thread; waits for its body only. Rejects with a `HttpError`, or when the client leaves.
   */
  async #serve(
    exchange: Exchange,
    request: http.IncomingMessage,
    response: http.ServerResponse,
  ): Promise<void> {
    const { method = "", rawHeaders } = request;
    if (!METHODS.has(method)) throw new HttpError(501, "There is no such method");
    if (rawHeaders.length >= 2 * MAX_HEADERS) throw new HttpError(431, "Too many header fields");
    const url = urlOf(request, this.#scheme);
    if (url === undefined) throw new HttpError(400, "The path cannot be read");
    const address = clientAddress(request.socket) ?? "";
    // Before the body is read, so that strangers cannot send one.
    const subject = this.#certificates &&
      await this.#certificates.subjectOf(request.socket as tls.TLSSocket);
    const isLoopback = address === "[::1]" || address.startsWith("127.");
    const client: Client = { address, isLoopback, ...subject !== undefined && { subject } };
    const body = hasBody(request) ? await this.#readBody(request, response) : undefined;
    const { id } = exchange;
    const isAdmitted = this.#queue.enter(() => {
      if (body !== undefined) this.#bodies.release(body);
      if (exchange.isOver) return this.#queue.leave();
      this.#running.set(id, systemClock.now());
      const sent = { id, method, url, headers: rawHeaders, body: body?.buffer, client };
      this.#options.tell({ kind: "request", request: sent }, body && [body.buffer]);
    });
    if (isAdmitted) return;
    if (body !== undefined) this.#bodies.release(body);
    throw new HttpError(503, "Too many requests");
  }

  async #readBody(
    request: http.IncomingMessage,
    response: http.ServerResponse,
  ): Promise<Uint8Array<ArrayBuffer>> {
    this.#bodies.check(request);
    if (request.headers.expect?.toLowerCase() === "100-continue") response.writeContinue();
    return await this.#bodies.read(request);
  }

  #refuse(exchange: Exchange, { status, message }: HttpError): void {
    this.#rejected++;
    exchange.refuse(status, message);
  }

  #release(id: number): void {
    if (this.#running.delete(id)) this.#queue.leave();
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

/** Returns the client's address as URIs write it; undefined when the socket is closed. */
export function clientAddress({ remoteAddress }: net.Socket): string | undefined {
  return remoteAddress === undefined ? undefined : toUriHost(remoteAddress);
}
