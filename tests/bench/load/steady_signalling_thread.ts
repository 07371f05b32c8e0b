// The thread of `SteadySignalling`.

import { freePort } from "../process/local_port.ts";
import { optionsRequest } from "../process/options_probe.ts";
import { median, percentile } from "../measurements/median.ts";
import { registerRequest } from "./register_request.ts";
import { credentials, header, statusCode } from "./sip_answer.ts";
import {
  type SignallingAnswer,
  type SignallingOptions,
  type SignallingTask,
  type SignallingTimes,
  type Subscriber,
  TICK,
  wallTime,
} from "./steady_signalling.ts";

/** Ticks between two attempts to register with a secret. */
const ATTEMPT = 4;
/** Milliseconds after which an unanswered registration is given up. */
const GIVE_UP = 5000;

interface Registration extends Subscriber {
  readonly callId: string;
  readonly secret: string | undefined;
  readonly beganAt: number;
  readonly onEnd: (status: number) => void;
  cseq: number;
}

const thread = globalThis as unknown as {
  onmessage: (event: MessageEvent<SignallingTask>) => void;
  postMessage(answer: SignallingAnswer): void;
};
const latin1 = new TextDecoder("latin1");

class Signalling {
  readonly #options: SignallingOptions;
  readonly #localPort = freePort();
  readonly #socket: Deno.DatagramConn;
  readonly #to: Deno.NetAddr;
  /** When each ping was sent, by its number. */
  readonly #pings = new Map<number, number>();
  readonly #registrations = new Map<string, Registration>();
  readonly #interval: number;
  #waits: number[] = [];
  #registered = 0;
  #ticks = 0;
  #lastTick = performance.now();
  #latestTick = 0;
  #admission: { readonly subscriber: Subscriber; readonly secret: string } | undefined;

  constructor(options: SignallingOptions) {
    this.#options = options;
    this.#to = { transport: "udp", hostname: "127.0.0.1", port: options.port };
    this.#socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: this.#localPort });
    this.#receive();
    this.#interval = options.tick ?? TICK;
    setInterval(() => this.#tick(), this.#interval);
  }

  times(): SignallingTimes {
    const now = performance.now();
    const waits = [...this.#waits, ...[...this.#pings.values()].map((sentAt) => now - sentAt)];
    const times = {
      pings: waits.length,
      median: median(waits),
      percentile99: percentile(waits, 99),
      longest: Math.max(...waits),
      registrations: this.#registered,
      latestTick: this.#latestTick,
    };
    [this.#waits, this.#registered, this.#latestTick] = [[], 0, 0];
    return times;
  }

  admit(subscriber: Subscriber, secret: string): void {
    this.#admission = { subscriber, secret };
  }

  #tick(): void {
    const now = performance.now();
    this.#latestTick = Math.max(this.#latestTick, now - this.#lastTick - this.#interval);
    this.#lastTick = now;
    const number = this.#ticks++;
    this.#pings.set(number, now);
    this.#send(optionsRequest(this.#localPort, number));
    const { subscribers } = this.#options;
    this.#register(subscribers[number % subscribers.length], undefined, (status) => {
      if (status === 200) this.#registered++;
    });
    if (this.#admission && number % ATTEMPT === 0) {
      const { subscriber, secret } = this.#admission;
      this.#register(subscriber, secret, (status) => {
        if (status !== 200 || this.#admission?.secret !== secret) return;
        this.#admission = undefined;
        thread.postMessage({ admittedAt: wallTime() });
      });
    }
    for (const [callId, { beganAt }] of this.#registrations) {
      if (now - beganAt < GIVE_UP) break;
      this.#registrations.delete(callId);
    }
  }

  #register(subscriber: Subscriber, secret: string | undefined, onEnd: (status: number) => void): void {
    const callId = `${crypto.randomUUID()}@127.0.0.1`;
    const registration = { ...subscriber, callId, secret, cseq: 1, onEnd, beganAt: performance.now() };
    this.#registrations.set(callId, registration);
    this.#send(this.#requestFor(registration, ""));
  }

  #requestFor(registration: Registration, authorization: string): Uint8Array {
    const contact = `sip:${registration.user}@127.0.0.1:${this.#localPort}`;
    return registerRequest({ ...registration, contact, authorization }, this.#localPort);
  }

  #send(datagram: Uint8Array): void {
    this.#socket.send(datagram, this.#to).catch(() => {});
  }

  async #receive(): Promise<void> {
    for await (const [datagram] of this.#socket) {
      const text = latin1.decode(datagram);
      const callId = header(text, "Call-ID");
      if (callId.startsWith("probe-")) this.#onPong(Number(callId.slice(callId.lastIndexOf("-") + 1)));
      else this.#onAnswer(this.#registrations.get(callId), text);
    }
  }

  #onPong(number: number): void {
    const sentAt = this.#pings.get(number);
    if (sentAt === undefined) return;
    this.#pings.delete(number);
    this.#waits.push(performance.now() - sentAt);
  }

  #onAnswer(registration: Registration | undefined, text: string): void {
    if (!registration || parseInt(header(text, "CSeq")) !== registration.cseq) return;
    const status = statusCode(text);
    if (status === 401 && registration.cseq === 1) {
      const { user, secret, domain } = registration;
      const value = credentials(text, { user, secret, method: "REGISTER", uri: `sip:${domain}` });
      registration.cseq = 2;
      return this.#send(this.#requestFor(registration, `Authorization: ${value}\r\n`));
    }
    this.#registrations.delete(registration.callId);
    registration.onEnd(status);
  }
}

let signalling: Signalling | undefined;

thread.onmessage = ({ data: task }) => {
  if (task.kind === "start") signalling = new Signalling(task);
  else if (task.kind === "times") thread.postMessage(signalling!.times());
  else signalling!.admit(task.subscriber, task.secret);
};
