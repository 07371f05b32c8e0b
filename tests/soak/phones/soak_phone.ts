/** A simulated phone: keeps itself connected and registered, calls, writes, subscribes. */
import { connect, type ConnectionProtocol } from "../../bench/load/phone_connection.ts";
import { credentials } from "../../bench/load/sip_answer.ts";
import { pause } from "../../support/pause.ts";
import { CalledParty } from "./called_party.ts";
import { DatagramConnection } from "./datagram_connection.ts";
import type { RequestParts } from "./request_text.ts";
import { type Reply, type RequestOptions, UserAgent } from "./user_agent.ts";

export interface PhoneOptions {
  readonly user: string;
  readonly domain: string;
  readonly secret: string;
  readonly protocol: ConnectionProtocol | "udp";
  /** Of the server on 127.0.0.1, by protocol. */
  readonly ports: Readonly<Record<ConnectionProtocol | "udp", number>>;
  /** Its address in 127.0.0.0/8. */
  readonly localAddress: string;
}

/** The reason why something did not work, or undefined when it did. */
export type Failure = string | undefined;

const EXPIRES_SECONDS = 600;
/** Between two looks whether the connection is still there, and two attempts to connect. */
const WATCH_MS = 250;

export class SoakPhone {
  readonly options: PhoneOptions;
  readonly agent = new UserAgent();
  /** Things that it does or that are done to it now. */
  engagements = 0;
  /** Milliseconds to the first responses to its requests; whoever is interested takes them out. */
  answerTimes: number[] = [];
  readonly party: CalledParty;
  readonly #registrationId = crypto.randomUUID();
  readonly #tag = crypto.randomUUID().slice(0, 8);
  #registering: Promise<Failure> = Promise.resolve(undefined);
  #isRegistered = false;
  #isAway = false;
  #isOver = false;
  #cseq = 0;

  constructor(options: PhoneOptions) {
    this.options = options;
    this.party = new CalledParty(this.agent, () => this.contact);
  }

  get user(): string {
    return this.options.user;
  }

  get aor(): string {
    return `sip:${this.user}@${this.options.domain}`;
  }

  get isOnline(): boolean {
    return this.#isRegistered && this.agent.connection !== undefined;
  }

  /** Whether it has unregistered by intent. */
  get isAway(): boolean {
    return this.#isAway;
  }

  get sentBy(): string {
    const { connection } = this.agent;
    // A browser does not know its address (RFC 7118 §5).
    if (this.options.protocol === "ws" || !connection) return `${this.user}.invalid`;
    return `${connection.address}:${connection.port}`;
  }

  get contact(): string {
    const { protocol } = this.options;
    return `<sip:${this.user}@${this.sentBy}${protocol === "udp" ? "" : `;transport=${protocol}`}>`;
  }

  /** Connects and registers, again and again, until `leave` is called. */
  async stay(): Promise<void> {
    while (!this.#isOver) {
      if (!this.agent.connection) {
        this.#isRegistered = false;
        this.agent.lose();
        await this.#connect().catch(() => {});
      }
      // A refusal is tried again as well: a server that has just started may know nobody yet.
      if (this.agent.connection && !this.#isRegistered && !this.#isAway) await this.register();
      await pause(WATCH_MS);
    }
  }

  /** REGISTER 401 REGISTER 200, one after the other. */
  register(expires = EXPIRES_SECONDS): Promise<Failure> {
    const before = this.#registering;
    return this.#registering = before.then(() => this.#register(expires));
  }

  async #register(expires: number): Promise<Failure> {
    this.#isAway = expires === 0;
    if (expires === 0) this.#isRegistered = false;
    const reply = await this.authenticated({
      method: "REGISTER",
      uri: `sip:${this.options.domain}`,
      to: `<${this.aor}>`,
      callId: this.#registrationId,
      cseq: this.#cseq += 2,
      lines: `Contact: ${this.contact}\r\nExpires: ${expires}\r\n`,
    });
    if (reply.status === 200) this.#isRegistered = expires > 0;
    return failureOf("REGISTER", reply, 200);
  }

  /** Unregisters and closes its connection. */
  async leave(): Promise<void> {
    this.#isOver = true;
    if (this.isOnline) await this.register(0);
    this.agent.connection?.close();
    this.agent.lose();
  }

  /** Its connection is reset. */
  cut(): void {
    this.agent.connection?.reset();
    this.agent.lose();
  }

  /** Sends a request, once more with credentials when it is challenged. */
  async authenticated(
    request: Omit<RequestParts, "from">,
    options: RequestOptions & { readonly onSent?: (sent: RequestParts) => void } = {},
  ): Promise<Reply> {
    const challenged = await this.request(request, options);
    if (challenged.status !== 401 && challenged.status !== 407) return challenged;
    const name = challenged.status === 401 ? "Authorization" : "Proxy-Authorization";
    const { user, secret } = this.options;
    const { method, uri } = request;
    const value = credentials(challenged.text, { user, secret, method, uri });
    const { branch: _, ...again } = request;
    const sent = {
      ...again,
      cseq: request.cseq + 1,
      lines: `${request.lines ?? ""}${name}: ${value}\r\n`,
      branch: request.branch === undefined ? undefined : `${request.branch}a`,
    };
    return await this.request(sent, options);
  }

  /** Sends a request of this phone, whose tag and Via it gets. */
  async request(request: Omit<RequestParts, "from">, options: RequestOptions = {}): Promise<Reply> {
    const reply = await this.agent.request(this.own(request), options);
    if (reply.answeredAfterMs !== undefined) this.answerTimes.push(reply.answeredAfterMs);
    return reply;
  }

  own(request: Omit<RequestParts, "from">): RequestParts {
    return { ...request, from: `<${this.aor}>;tag=${this.#tag}`, sentBy: this.sentBy };
  }

  async #connect(): Promise<void> {
    const { protocol, ports, localAddress } = this.options;
    this.agent.use(
      protocol === "udp"
        ? new DatagramConnection({ localAddress, port: ports.udp })
        : await connect({ protocol, port: ports[protocol], localAddress }),
    );
  }
}

/** @param wanted the status of success */
export function failureOf(method: string, { status, reason }: Reply, wanted: number): Failure {
  return status === wanted ? undefined : `${method} ${reason}`;
}

export function newCallId(): string {
  return crypto.randomUUID();
}
