/** Everything below and around the registrations with gateways, in memory, on a clock that a test turns. */
import assert from "node:assert/strict";
import type { GatewayRegistrationStatus } from "../../../../src/core/trunk/gateway_registration_status.ts";
import { GatewayRegistrations } from "../../../../src/core/trunk/gateway_registrations.ts";
import { GatewayRealms } from "../../../../src/core/trunk/gateway_realms.ts";
import { MemoryDirectory } from "../../../../src/data/directory.ts";
import type { Gateway } from "../../../../src/data/gateway.ts";
import { Metrics } from "../../../../src/runtime/metrics.ts";
import { TimerWheel } from "../../../../src/runtime/timer_wheel.ts";
import { TransactionLayer } from "../../../../src/transaction/transaction_layer.ts";
import { TransportLayer } from "../../../../src/transport/transport_layer.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { MemoryTransport } from "../../../support/memory_transport.ts";
import { credentialsLine, headers, parameter, responseTo, startLine } from "../../../support/sip_text.ts";
import { gateway } from "./gateways.ts";
import { transportRig } from "../../../support/transport_rig.ts";

/** The address of `sip.provider.com`, and a second address of a host. */
export const FIRST = "192.0.2.50";
export const SECOND = "192.0.2.51";

export const ACCOUNT = { username: "trunk", secret: "s3cret" };

export interface TrunkRigOptions {
  /** One, as `gateway()` makes it, unless said otherwise. */
  readonly gateways?: readonly Gateway[];
  readonly learnsAddress?: boolean;
  /** Addresses by host; hosts that are not listed have none. */
  readonly hosts?: Readonly<Record<string, readonly string[]>>;
  /** Hosts whose look-up never ends. */
  readonly silentHosts?: readonly string[];
}

type Protocol = "udp" | "tcp" | "tls";

/** Our side of the trunks; a test is the registrars. */
export class TrunkRig {
  readonly clock = new FakeClock();
  readonly transports: Readonly<Record<Protocol, MemoryTransport>> = {
    udp: new MemoryTransport("udp", "192.0.2.1", 5060),
    tcp: new MemoryTransport("tcp", "192.0.2.1", 5060),
    tls: new MemoryTransport("tls", "192.0.2.1", 5061),
  };
  readonly metrics = new Metrics();
  readonly realms = new GatewayRealms();
  readonly directory = new MemoryDirectory();
  /** Refs of gateways that accepted us, with the address they did so from. */
  readonly accepted: string[] = [];
  /** The value of random numbers. */
  random = 0;
  readonly registrations: GatewayRegistrations;
  readonly #transport: TransportLayer;
  readonly #transactions: TransactionLayer;

  constructor(options: TrunkRigOptions) {
    const { clock, metrics } = this;
    const { hosts = { "sip.provider.com": [FIRST] }, silentHosts = [], learnsAddress = false } = options;
    const lookup = (host: string) =>
      silentHosts.includes(host) ? new Promise<never>(() => {}) : Promise.resolve([...hosts[host] ?? []]);
    const { layer: transport } = transportRig({ clock, metrics, lookup });
    const transactions = new TransactionLayer({ transport, wheel: new TimerWheel(clock), metrics });
    this.#transport = transport;
    this.#transactions = transactions;
    this.registrations = new GatewayRegistrations({
      directory: this.directory,
      transactions,
      transport,
      clock,
      metrics,
      realms: this.realms,
      userAgent: "Routr v1.0",
      learnsAddress,
      random: () => this.random,
      onRegistered: ({ ref }, flow) => this.accepted.push(`${ref} ${flow.remoteAddress}`),
    });
    transactions.attach({
      onRequest() {},
      onAck() {},
      onRejected() {},
      onFlowClosed: (flow) => this.registrations.onFlowClosed(flow),
    });
    this.directory.replace(options.gateways ?? [gateway()]);
  }

  /** Opens the transports and begins to register. */
  static async start(options: TrunkRigOptions = {}): Promise<TrunkRig> {
    const rig = new TrunkRig(options);
    for (const transport of Object.values(rig.transports)) {
      await rig.#transport.open(transport, rig.#transactions);
    }
    rig.registrations.start();
    await rig.settle();
    return rig;
  }

  /** Lets promises resolve. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
  }

  async pass(milliseconds: number): Promise<void> {
    this.clock.advance(milliseconds);
    await this.settle();
  }

  /** Changes the configuration to these gateways. */
  async reload(...gateways: Gateway[]): Promise<void> {
    this.directory.replace(gateways);
    await this.settle();
  }

  /** Everything that was sent to this address since the last look, keep-alives included. */
  taken(address = FIRST, protocol: Protocol = "udp", port = protocol === "tls" ? 5061 : 5060): string[] {
    return this.transports[protocol].flows
      .filter((flow) => flow.remoteAddress === address && flow.remotePort === port)
      .flatMap((flow) => flow.sent.splice(0));
  }

  /** The one REGISTER that was sent to this address since the last look. */
  register(address = FIRST, protocol: Protocol = "udp"): string {
    const messages = this.taken(address, protocol);
    assert.deepEqual(
      messages.map((text) => text.split(" ")[0]),
      ["REGISTER"],
      messages.map(startLine).join(),
    );
    return messages[0];
  }

  /** Answers a request from where it was sent to; `status` is `200 OK`. */
  async answer(request: string, status: string, lines = "", endpoint: Partial<Endpoint> = {}): Promise<void> {
    const { address = FIRST, protocol = "udp", seenAs = "" } = endpoint;
    const text = responseTo(request, status, { tag: "registrar", lines }).replace(
      ";rport",
      `;rport${seenAs}`,
    );
    const port = protocol === "tls" ? 5061 : 5060;
    this.transports[protocol].receive(text, { address, port });
    await this.settle();
  }

  /** Answers with this challenge, and returns what is sent then. */
  async challenge(request: string, challenge = `realm="asterisk", nonce="n1"`): Promise<string> {
    await this.answer(request, "401 Unauthorized", `WWW-Authenticate: Digest ${challenge}, algorithm=MD5`);
    return this.register();
  }

  /** Takes a REGISTER and accepts it as it is; returns it. */
  async accept(lines = "", endpoint: Partial<Endpoint> = {}): Promise<string> {
    const request = this.register(endpoint.address, endpoint.protocol);
    await this.answer(request, "200 OK", lines, endpoint);
    return request;
  }

  /** The status of the only registration. */
  get status(): GatewayRegistrationStatus {
    const [status, ...more] = this.registrations.list();
    assert.deepEqual(more, []);
    return status;
  }

  /** Seconds from now until the next attempt. */
  get delay(): number {
    return (this.status.nextAttempt - this.clock.wallTime()) / 1000;
  }
}

/** The sender of an answer. */
export interface Endpoint {
  readonly address: string;
  readonly protocol: Protocol;
  /** The text that the registrar writes behind `;rport`: `=40000;received=203.0.113.7`. */
  readonly seenAs: string;
}

/** Reports whether a request has the right credentials for a challenge. */
export function isAuthenticated(request: string, challenge: string, secret = ACCOUNT.secret): boolean {
  const isProxy = challenge.startsWith("Proxy-");
  const lines = headers(request, isProxy ? "Proxy-Authorization" : "Authorization");
  return lines.some((line) => {
    const expected = credentialsLine(request, `SIP/2.0 401 No\r\n${challenge}\r\n\r\n`, {
      ...ACCOUNT,
      secret,
      qop: parameter(line, "qop"),
      cnonce: parameter(line, "cnonce"),
    });
    return parameter(line, "response") === parameter(expected, "response") &&
      parameter(line, "nonce") === parameter(expected, "nonce");
  });
}
