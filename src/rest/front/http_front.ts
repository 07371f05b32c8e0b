/** The HTTP listener in a thread of its own, so that floods, crashes and slow clients do not disturb SIP. */
import { type Clock, systemClock } from "../../runtime/clock.ts";
import { logger } from "../../runtime/log.ts";
import type { Counter, Metrics } from "../../runtime/metrics.ts";
import type { Client } from "../operation.ts";
import type {
  AnswerHead,
  FrontRequest,
  FrontSettings,
  HeaderFields,
  ListeningAddress,
} from "./front_messages.ts";
import { FrontThread } from "./front_thread.ts";

const log = logger("rest");

/** The delay before a failed thread is started again; doubles up to the maximum. */
const MIN_PAUSE_MS = 1000;
const MAX_PAUSE_MS = 30_000;
const EVENT_STREAM = "text/event-stream";

export interface HttpFrontOptions extends FrontSettings {
  readonly metrics: Metrics;
  readonly clock?: Clock;
  /** Another program of the thread, for tests of failures. */
  readonly program?: URL;
}

/** Answers a request. An answer of type `text/event-stream` is sent by chunks, any other when it is complete. */
export type RequestHandler = (request: Request, client: Client) => Promise<Response>;

export class HttpFront {
  readonly #options: HttpFrontOptions;
  readonly #handler: RequestHandler;
  readonly #clock: Clock;
  readonly #requests: Counter;
  readonly #rejected: Counter;
  #settings: FrontSettings;
  #thread: FrontThread | undefined;
  /** The thread has opened its listener. */
  #isListening = false;
  #isStopped = false;
  /** The clock's time when the thread began to listen. */
  #startedAt = 0;
  #pause = MIN_PAUSE_MS;
  #alarm: unknown;
  #connections = 0;
  /** Requests refused by earlier threads. */
  #rejectedBefore = 0;

  constructor(options: HttpFrontOptions, handler: RequestHandler) {
    const { bindAddr, port, tls, limits, metrics, clock = systemClock } = options;
    this.#options = options;
    this.#handler = handler;
    this.#clock = clock;
    this.#settings = { bindAddr, port, limits, ...tls && { tls } };
    this.#requests = metrics.counter("routr_rest_requests_total", "Requests served by the REST service");
    this.#rejected = metrics.counter(
      "routr_rest_rejected_total",
      "Requests and connections that the REST service refused before it served them",
    );
    metrics.gauge("routr_rest_connections", "Open connections of the REST service", () => this.#connections);
  }

  /** Starts to listen; call it once. Rejects with the reason, such as a port in use or a faulty key store. */
  start(): Promise<ListeningAddress> {
    return this.#launch();
  }

  /** Moves the listener; requests under way are answered. Rejects when that fails; the old address then stays. */
  async move(bindAddr: string): Promise<ListeningAddress> {
    if (this.#thread === undefined) throw new Error("Cannot move the REST service: it is not running");
    const bound = await this.#thread.move(bindAddr, this.#settings.port);
    this.#settings = { ...this.#settings, bindAddr };
    return bound;
  }

  /** Stops: ends streams at once, requests under way after a second. Never rejects. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#clock.clearAlarm(this.#alarm);
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.close();
    this.#connections = 0;
  }

  async #launch(): Promise<ListeningAddress> {
    const thread: FrontThread = new FrontThread({
      program: this.#options.program,
      clock: this.#clock,
      onRequest: (request) => void this.#serve(request, thread),
      onCounts: ({ rejected, connections }) => {
        this.#rejected.value = this.#rejectedBefore + rejected;
        this.#connections = connections;
      },
      onEnd: (reason) => this.#onEnd(thread, reason),
    });
    this.#thread = thread;
    try {
      const bound = await thread.open(this.#settings);
      // A port that the system chose is kept by the next thread.
      this.#settings = { ...this.#settings, port: bound.port };
      this.#startedAt = this.#clock.now();
      this.#isListening = true;
      return bound;
    } catch (error) {
      if (this.#thread === thread) this.#thread = undefined;
      await thread.terminate("it could not listen");
      throw error;
    }
  }

  async #serve(sent: FrontRequest, thread: FrontThread): Promise<void> {
    this.#requests.value++;
    const { id, client } = sent;
    try {
      const request = requestOf(sent);
      const response = request ? await this.#handler(request, client) : new Response(null, { status: 400 });
      const head = { status: response.status, headers: fieldsOf(response.headers) };
      const isStream = response.headers.get("content-type")?.startsWith(EVENT_STREAM) ?? false;
      const body = isStream ? response.body : null;
      await thread.answer(id, head, body ?? await response.arrayBuffer());
    } catch (error) {
      log.error("A request to the REST service failed: {error}", { error });
      await thread.answer(id, FAILED, new ArrayBuffer());
    }
  }

  /** Starts another thread after an unexpected end; all connections are lost. */
  #onEnd(thread: FrontThread, reason: string): void {
    if (this.#thread !== thread) return;
    this.#thread = undefined;
    this.#rejectedBefore = this.#rejected.value;
    this.#connections = 0;
    // A failure to open the listener is reported by `start`.
    if (!this.#isListening) return;
    this.#isListening = false;
    if (this.#clock.now() - this.#startedAt > MAX_PAUSE_MS) this.#pause = MIN_PAUSE_MS;
    this.#startAgain(reason);
  }

  #startAgain(reason: string): void {
    if (this.#isStopped) return;
    const seconds = this.#pause / 1000;
    log.error("The REST service has failed: {reason}; it starts again in {seconds} s", { reason, seconds });
    this.#alarm = this.#clock.setAlarm(() => {
      this.#launch().then(
        () => log.info("The REST service runs again"),
        (error: Error) => this.#startAgain(error.message),
      );
    }, this.#pause);
    this.#pause = Math.min(MAX_PAUSE_MS, 2 * this.#pause);
  }
}

const FAILED: AnswerHead = { status: 500, headers: [] };

/** Returns undefined for a request that the Fetch API cannot express, such as one whose fields are not text. */
function requestOf({ method, url, headers, body }: FrontRequest): Request | undefined {
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) pairs.push([headers[at], headers[at + 1]]);
  const hasBody = body !== undefined && method !== "GET" && method !== "HEAD";
  try {
    return new Request(url, { method, headers: pairs, ...hasBody && { body } });
  } catch {
    return undefined;
  }
}

function fieldsOf(headers: Headers): HeaderFields {
  const fields: string[] = [];
  for (const [name, value] of headers) fields.push(name, value);
  return fields;
}
