/** A test rig for the four state machines of §17: a host that records their actions. */
import assert from "node:assert/strict";
import { parseMessage } from "../../../src/message/parser.ts";
import type { SipRequest, SipResponse } from "../../../src/message/sip_message.ts";
import type { Timer, TimerOwner } from "../../../src/runtime/timer_wheel.ts";
import type { ResponseRoute, TransactionHost } from "../../../src/transaction/transaction_host.ts";
import type { ClientTransactionUser, OutgoingRequest } from "../../../src/transaction/transaction_user.ts";
import type { Flow } from "../../../src/transport/transport.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { MemoryTransport } from "../../support/memory_transport.ts";
import { sip } from "../../support/sip_text.ts";

/** A row of a state table: in `state`, `event` leads to `next` with `actions`. */
export type Row = readonly [state: string, event: string, next: string, actions: readonly string[]];

/** Host and user of one machine. Actions are `send INVITE`, `send 486`, `user 180`, `timeout`, `failure`, `end`, `cancel`. */
export class MachineRig implements TransactionHost, ClientTransactionUser {
  readonly timers = { t1: 500, t2: 4000, t4: 5000 };
  readonly clock = new FakeClock();
  readonly flow: Flow;
  readonly route: ResponseRoute;
  actions: string[] = [];
  /** Bytes of text that the machine keeps. */
  kept = 0;
  #reportFailure: ((reason: string) => void) | undefined;

  constructor(protocol: "udp" | "tcp") {
    this.flow = new MemoryTransport(protocol, "192.0.2.1", 5060).flowTo("192.0.2.12", 5060);
    this.route = { responseFlow: this.flow, sentByHost: "127.0.0.1", sentByPort: 5060 };
  }

  keep(before: number, now: number): number {
    this.kept += now - before;
    return now;
  }

  timerOf(owner: TimerOwner): Timer {
    return new ClockTimer(this.clock, owner);
  }

  send(text: string, _flow: Flow, onFailure?: (reason: string) => void): void {
    this.actions.push(
      `send ${text.startsWith("SIP/2.0") ? text.slice(8, 11) : text.slice(0, text.indexOf(" "))}`,
    );
    if (onFailure) this.#reportFailure = onFailure;
  }

  respond(text: string): void {
    this.send(text, this.flow);
  }

  /** Fails the last message that was sent with a failure callback. */
  failToSend(): void {
    this.#reportFailure?.("Unreachable");
  }

  endServer(): void {
    this.actions.push("end");
  }

  endClient(): void {
    this.actions.push("end");
  }

  cancel(): void {
    this.actions.push("cancel");
  }

  onResponse(response: SipResponse): void {
    this.actions.push(`user ${response.status}`);
  }

  onTimeout(): void {
    this.actions.push("timeout");
  }

  onFailure(): void {
    this.actions.push("failure");
  }

  /** Returns the actions of the next `milliseconds` with their times: `500 send INVITE`. */
  record(milliseconds: number): string[] {
    const start = this.clock.now();
    const record: string[] = [];
    for (let elapsed = 0; elapsed < milliseconds; elapsed += 100) {
      this.actions = [];
      this.clock.advance(100);
      for (const action of this.actions) record.push(`${this.clock.now() - start} ${action}`);
    }
    return record;
  }
}

class ClockTimer implements Timer {
  readonly #clock: FakeClock;
  readonly #owner: TimerOwner;
  #alarm: unknown = undefined;

  constructor(clock: FakeClock, owner: TimerOwner) {
    this.#clock = clock;
    this.#owner = owner;
  }

  get isRunning(): boolean {
    return this.#alarm !== undefined;
  }

  start(delay: number): void {
    this.stop();
    this.#alarm = this.#clock.setAlarm(() => {
      this.#alarm = undefined;
      this.#owner.onTimer(this);
    }, delay);
  }

  stop(): void {
    this.#clock.clearAlarm(this.#alarm);
    this.#alarm = undefined;
  }
}

/** A machine under test: events by name, and its state. */
export interface Machine {
  readonly rig: MachineRig;
  state(): string;
  apply(event: string): void;
}

/**
 * Registers a test for each row: brings a new machine into the state, fires the event and compares.
 * @param paths the events that lead into each state
 */
export function testTable(
  name: string,
  { start, paths, rows }: {
    readonly start: () => Machine;
    readonly paths: Readonly<Record<string, readonly string[]>>;
    readonly rows: readonly Row[];
  },
): void {
  for (const [state, event, next, actions] of rows) {
    const what = actions.length === 0 ? "nothing" : actions.join(", ");
    Deno.test(`${name}: ${state} ── ${event} ──▶ ${next}: ${what}`, () => {
      const machine = start();
      for (const step of paths[state]) machine.apply(step);
      assert.equal(machine.state(), state);
      machine.rig.actions = [];
      machine.apply(event);
      assert.deepEqual(machine.rig.actions, actions);
      if (next === "terminated") assert.equal(machine.rig.kept, 0, "Text is kept beyond the end");
      assert.equal(machine.state(), next);
    });
  }
}

/** A request as a client transaction sends it. */
export function outgoing(method: string, rig: MachineRig): OutgoingRequest {
  const text = messageText(`${method} sip:bob@192.0.2.12 SIP/2.0`, method);
  return { text, method, branch: "z9hG4bKtest", flow: rig.flow };
}

export function incoming(method: string): SipRequest {
  const request = parseMessage(messageText(`${method} sip:bob@192.0.2.12 SIP/2.0`, method));
  if (request.kind !== "request") throw new TypeError(`Cannot make a ${method}: ${request.kind}`);
  return request;
}

export function response(status: number, method: string): SipResponse {
  const parsed = parseMessage(messageText(`SIP/2.0 ${status} Reason`, method));
  if (parsed.kind !== "response") throw new TypeError(`Cannot make a ${status}: ${parsed.kind}`);
  return parsed;
}

function messageText(start: string, method: string): string {
  return sip(`
    ${start}
    Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKtest
    From: <sip:alice@sip.local>;tag=a
    To: <sip:bob@sip.local>;tag=b
    Call-ID: call
    CSeq: 1 ${method}
  `);
}
