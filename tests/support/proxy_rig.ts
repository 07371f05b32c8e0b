/** A proxy core between a caller and targets in memory, with the target sets and branch rewrites that a test says. */
import assert from "node:assert/strict";
import { LimitRefusals } from "../../src/core/access/limit_refusal.ts";
import { RequestLimits } from "../../src/core/access/request_limits.ts";
import { FlowTexts } from "../../src/core/flows/flow_text.ts";
import type { BranchRewrite } from "../../src/core/proxy/branch_rewrite.ts";
import { DialogRoutes } from "../../src/core/proxy/dialog_route.ts";
import { ProxyCore } from "../../src/core/proxy/proxy_core.ts";
import type { ResponseContext } from "../../src/core/proxy/response_context.ts";
import { UNROUTED } from "../../src/core/proxy/route_preprocessing.ts";
import type { Target } from "../../src/core/proxy/target.ts";
import type { TargetSet } from "../../src/core/proxy/target_set.ts";
import type { SipRequest } from "../../src/message/sip_message.ts";
import { configureLogging } from "../../src/runtime/log.ts";
import type { Eventually } from "../../src/runtime/eventually.ts";
import { Metrics } from "../../src/runtime/metrics.ts";
import { TimerWheel } from "../../src/runtime/timer_wheel.ts";
import { TransactionLayer } from "../../src/transaction/transaction_layer.ts";
import type { TransactionUser } from "../../src/transaction/transaction_user.ts";
import { type HeaderChanges, messageText } from "../unit/message/sample_message.ts";
import { FakeClock } from "./fake_clock.ts";
import { limitValues } from "./limits.ts";
import { MemoryTransport } from "./memory_transport.ts";
import { ackTo, header, type ResponseParts, responseTo, startLine } from "./sip_text.ts";
import { transportRig } from "./transport_rig.ts";

export const CALLER = "192.0.2.99";

/** Bytes of all requests under way, for the caller a quarter of it. */
const MAX_PENDING_BYTES = 400_000;

export interface ProxyRigOptions {
  /** Returns the target set of each request. */
  targets(): TargetSet;
  rewriteFor?(target: Target): BranchRewrite | undefined;
  readonly maxPendingBytes?: number;
}

export interface SentRequest {
  readonly method?: string;
  readonly headers?: HeaderChanges;
  readonly body?: string;
  /** Tells transactions apart. */
  readonly branch?: string;
}

/** Returns a target at `192.0.2.<host>`. */
export function device(host: number, more: Partial<Target> = {}): Target {
  const requestUri = `sip:phone@192.0.2.${host}`;
  const hop = { host: `192.0.2.${host}`, port: 5060, protocol: "udp", isSecure: false } as const;
  return { requestUri, routes: [], flow: undefined, hop, q: 1000, ...more };
}

/** A target set whose groups a test lists: at once, later, or as they are asked for. */
export class ListedTargets implements TargetSet {
  readonly known: readonly Target[] = [];
  readonly isOpen: boolean;
  /** How many groups were asked for. */
  asked = 0;
  isClosed = false;
  readonly #groups: Group[];

  constructor(groups: readonly Group[], { isOpen = false } = {}) {
    this.#groups = [...groups];
    this.isOpen = isOpen;
  }

  get hasMore(): boolean {
    return this.#groups.length > 0;
  }

  next(): Eventually<readonly Target[] | undefined> {
    this.asked++;
    const group = this.#groups.shift();
    return typeof group === "function" ? group() : group;
  }

  close(): void {
    this.isClosed = true;
  }
}

type Group = Eventually<readonly Target[] | undefined> | (() => readonly Target[]);

/** A clock that knows whether anything waits for it. */
class WatchedClock extends FakeClock {
  readonly alarms = new Set<unknown>();

  override setAlarm(callback: () => void, delay: number): unknown {
    const alarm = super.setAlarm(() => {
      this.alarms.delete(alarm);
      callback();
    }, delay);
    this.alarms.add(alarm);
    return alarm;
  }

  override clearAlarm(alarm: unknown): void {
    this.alarms.delete(alarm);
    super.clearAlarm(alarm);
  }
}

export class ProxyRig {
  readonly clock = new WatchedClock();
  readonly udp = new MemoryTransport("udp", "192.0.2.1", 5060);
  readonly metrics = new Metrics();
  readonly limits: RequestLimits;
  readonly proxy: ProxyCore;
  /** The response contexts of INVITEs, the latest last. */
  readonly contexts: ResponseContext[] = [];
  readonly #options: ProxyRigOptions;
  readonly #transactions: TransactionLayer;

  private constructor(options: ProxyRigOptions) {
    configureLogging({ level: "fatal", format: "text" });
    const { metrics, clock } = this;
    this.#options = options;
    const { layer: transport } = transportRig({ clock, metrics });
    this.limits = new RequestLimits({
      values: limitValues({ maxCallsInSetupPerAgent: 8, maxCallsInSetup: 8 }),
      refusals: new LimitRefusals(metrics),
      maxPendingBytes: options.maxPendingBytes ?? MAX_PENDING_BYTES,
    });
    this.#transactions = new TransactionLayer({ transport, wheel: new TimerWheel(clock), metrics });
    this.proxy = new ProxyCore({
      transactions: this.#transactions,
      transport,
      seed: 1,
      nodeRoutes: undefined,
      dialogRoutes: new DialogRoutes({ flows: new FlowTexts(transport, "epoch"), key: "key" }),
      recordsRoute: false,
      limits: this.limits,
      ownsRealm: () => false,
    });
    const { calls } = this.proxy;
    const add = calls.add.bind(calls);
    calls.add = (context) => {
      this.contexts.push(context);
      add(context);
    };
    this.#transactions.attach(this.#user());
    transport.open(this.udp, this.#transactions);
  }

  static async start(options: ProxyRigOptions): Promise<ProxyRig> {
    const rig = new ProxyRig(options);
    await settle();
    return rig;
  }

  #user(): TransactionUser {
    return {
      onRequest: (request, flow) => {
        const { requestUri, uri } = request;
        const refusal = this.proxy.validate(request) ??
          this.proxy.forward({ request, flow, routed: { ...UNROUTED, requestUri, uri } }, {
            kind: "forward",
            targets: this.#options.targets(),
            party: CALLER,
            isCallerTrusted: false,
            credentialsRow: -1,
            rewriteFor: (target) => this.#options.rewriteFor?.(target),
          });
        if (refusal) this.#transactions.reply(request, flow, refusal);
      },
      onAck() {},
      onRejected() {},
      onFlowClosed() {},
    };
  }

  /** Lets the caller send a request; returns it. */
  async send(
    { method = "INVITE", headers = {}, body = "", branch = "1" }: SentRequest = {},
  ): Promise<string> {
    const text = messageText({
      "Via": `SIP/2.0/UDP ${CALLER};branch=z9hG4bK${branch}`,
      "CSeq": `7 ${method}`,
      ...headers,
    }, { startLine: `${method} sip:bob@pbx.example SIP/2.0`, body });
    await this.arrive(text, 99);
    return text;
  }

  /** Lets a message arrive from `192.0.2.<host>`. */
  async arrive(text: string, host: number): Promise<void> {
    this.udp.receive(text, { address: `192.0.2.${host}`, port: 5060 });
    await settle();
  }

  /** Lets a target answer a request. */
  respond(request: string, status: string, host: number, parts: ResponseParts = {}): Promise<void> {
    return this.arrive(responseTo(request, status, { tag: `t${host}`, ...parts }), host);
  }

  /** Lets a target answer a request with a final response other than 2xx, and takes the ACK. */
  async refuse(request: string, status: string, host: number, parts?: ResponseParts): Promise<void> {
    await this.respond(request, status, host, parts);
    assert.match(this.takeOne(host), /^ACK /);
  }

  /** Takes what has come to `192.0.2.<host>` since the last look. */
  taken(host: number): string[] {
    return this.udp.flowTo(`192.0.2.${host}`, 5060).sent.splice(0);
  }

  /** Takes the one message that has come. */
  takeOne(host: number): string {
    const messages = this.taken(host);
    assert.equal(messages.length, 1, `to ${host}: ${messages.map(startLine).join(", ")}`);
    return messages[0];
  }

  /** Takes the statuses that the caller has got since the last look, and acknowledges a refusal. */
  async heard(invite?: string): Promise<number[]> {
    const messages = this.taken(99);
    const statuses = messages.map((text) => Number(text.split(" ")[1]));
    const refused = messages.find((text, i) => statuses[i] >= 300 && /^CSeq: \d+ INVITE/m.test(text));
    if (refused && invite !== undefined) await this.arrive(ackTo(invite, refused), 99);
    return statuses;
  }

  async pass(milliseconds: number): Promise<void> {
    this.clock.advance(milliseconds);
    await settle();
  }

  /** Whether nothing is counted for the caller: whoever has nothing under way may send a request of any size. */
  get isCallerIdle(): boolean {
    const text = "x".repeat(10 * MAX_PENDING_BYTES);
    const share = this.limits.admit(CALLER, { method: "MESSAGE", text } as SipRequest, 0);
    if ("status" in share) return false;
    share.release();
    return true;
  }

  /** Waits for the end of all transactions and checks that nothing is left of any request. */
  async expectAllReleased(): Promise<void> {
    await this.pass(64_000 + 10);
    const {
      routr_pending_bytes: bytes,
      routr_server_transactions: servers,
      routr_client_transactions: clients,
    } = this.metrics.snapshot();
    assert.deepEqual({ bytes, servers, clients }, { bytes: 0, servers: 0, clients: 0 });
    assert.ok(this.isCallerIdle, "the caller has a share still");
    assert.equal(this.clock.alarms.size, 0, "a timer is running");
    let isOver = false;
    this.proxy.calls.end(10_000).then(() => isOver = true);
    await settle();
    assert.ok(isOver, "a call is pending");
  }
}

/** Lets promises be told. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

/** Sequence number of a message. */
export function cseqOf(message: string): number {
  return parseInt(header(message, "CSeq"));
}
