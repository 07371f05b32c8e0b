/** The transport layer (§18): turns bytes into messages, and next hops and Vias into flows. */
import type { MessageLimits } from "../message/message_limits.ts";
import { TOO_LARGE } from "../message/header_scan.ts";
import { parseMessage } from "../message/parser.ts";
import {
  RejectedMessage,
  type Rejection,
  type SipRequest,
  type SipResponse,
} from "../message/sip_message.ts";
import type { SipUri } from "../message/sip_uri.ts";
import { BoundedMap } from "../runtime/bounded_map.ts";
import { logger } from "../runtime/log.ts";
import type { Counter, Metrics } from "../runtime/metrics.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Resolver } from "./dns/resolver.ts";
import type { Destination } from "./dns/destination.ts";
import { ServerLocator } from "./dns/server_locator.ts";
import { isIpAddress, isIpv6 } from "../runtime/ip/ip_address.ts";
import type { LocalAddresses } from "./local_addresses.ts";
import type { SourceGuard } from "./source_guard.ts";
import { answerStun } from "./stun.ts";
import type { SipTrace } from "./sip_trace.ts";
import {
  defaultPort,
  type Flow,
  securedProtocol,
  type Transport,
  type TransportEvents,
  type TransportProtocol,
} from "./transport.ts";
import { codeAt } from "../runtime/text.ts";

const log = logger("transport");

/** The layer above. Calls are synchronous, as bytes arrive. */
export interface TransportUser {
  /** A request, with `received` and `rport` in its top Via. */
  onRequest(request: SipRequest, flow: Flow): void;
  onResponse(response: SipResponse, flow: Flow): void;
  /** A message that is neither, of which `text` is the beginning; its `request` can be answered. */
  onRejected(rejected: RejectedMessage, flow: Flow, text: string): void;
  onFlowClosed(flow: Flow): void;
  /** A datagram of ours did not arrive, of which `datagram` is the beginning. */
  onUnreachable?(datagram: string, flow: Flow): void;
}

/** "refuse" is answered 403; "ignore" is not answered, because a 403 was sent lately. */
export type AccessVerdict = "admit" | "refuse" | "ignore";

/** Decides by source address who may send requests. */
export interface AccessControl {
  /** Asked for every message. */
  admits(address: string): boolean;
  /** Asked for each request that is not admitted. Remembers whom it refuses. */
  verdict(address: string): AccessVerdict;
}

export interface TransportLayerParts {
  readonly localAddresses: LocalAddresses;
  readonly clock: Clock;
  readonly resolver: Resolver;
  readonly metrics: Metrics;
  readonly trace: SipTrace;
  /** Bytes of a request by UDP (`spec.limits.maxDatagramSize`); larger ones are answered 513. */
  readonly maxDatagramSize: number;
  readonly messageLimits?: MessageLimits;
  /** Without it, everybody is admitted. */
  readonly accessControl?: AccessControl;
  /** Without it, everybody is heard. */
  readonly guard?: SourceGuard;
}

/** An endpoint that is this server. */
interface Identity {
  readonly host: string;
  readonly port: number;
  readonly protocol: TransportProtocol;
}

export class TransportLayer implements TransportEvents {
  readonly locator: ServerLocator;
  readonly #parts: TransportLayerParts;
  readonly #transports: Transport[] = [];
  readonly #connections = new Map<number, Flow>();
  readonly #hosts = new Set<string>();
  readonly #identities: Identity[] = [];
  readonly #sentBy = new Map<Transport, BoundedMap<string, string>>();
  readonly #malformed: Counter;
  readonly #violations: Counter;
  readonly #denied: Counter;
  readonly #errors: Counter;
  #user: TransportUser | undefined;

  constructor(parts: TransportLayerParts) {
    this.#parts = parts;
    this.locator = new ServerLocator({
      resolver: parts.resolver,
      clock: parts.clock,
      serves: (protocol) => this.#transports.some((transport) => transport.protocol === protocol),
      canReach: (protocol, address) => this.#transportTo(protocol, address) !== undefined,
    });
    const { metrics } = parts;
    this.#malformed = metrics.counter("routr_malformed_messages_total", "Messages that break the grammar");
    this.#errors = metrics.counter("routr_internal_errors_total", "Messages that ended in an error of ours");
    this.#violations = metrics.counter(
      "routr_transport_violations_total",
      "Bytes dropped, connections closed",
    );
    this.#denied = metrics.counter(
      "routr_denied_messages_total",
      "Messages from addresses that are denied access",
    );
  }

  get transports(): readonly Transport[] {
    return this.#transports;
  }

  /** Binds a transport and begins to serve it. Rejects when it cannot be bound. */
  async open(transport: Transport, user: TransportUser): Promise<void> {
    this.#user = user;
    await transport.listen(this);
    this.#transports.push(transport);
    const hosts = this.#parts.localAddresses.reachedBy(transport.address);
    const extern = this.#parts.localAddresses.externAddr;
    const { port, protocol } = transport;
    for (const host of hosts) this.#identify({ host, port, protocol });
    if (extern === undefined) return;
    this.#identify({ host: extern, port: this.#parts.localAddresses.externPort(port), protocol });
  }

  #identify(identity: Identity): void {
    this.#hosts.add(identity.host);
    this.#identities.push(identity);
  }

  async close(): Promise<void> {
    await Promise.all(this.#transports.splice(0).map((transport) => transport.close()));
  }

  /** Reports whether address, port and transport, if given, are ours. An address alone never identifies us. */
  isLocal(host: string, port: number, protocol?: string): boolean {
    // Comparing a handful is faster than making a key for a look-up.
    for (const own of this.#identities) {
      if (own.port === port && own.host === host && (protocol === undefined || own.protocol === protocol)) {
        return true;
      }
    }
    return false;
  }

  /** Reports whether a URI names this server by address. */
  isLocalUri(uri: SipUri): boolean {
    const named = uri.parameter("transport")?.toLowerCase() as TransportProtocol | undefined;
    const protocol = named !== undefined && uri.secure ? securedProtocol(named) ?? named : named;
    const port = uri.port ?? defaultPort(protocol ?? (uri.secure ? "tls" : "udp"));
    const host = uri.nextHost;
    if (this.isLocal(host, port, protocol)) return true;
    // Both kinds of WebSocket have `transport=ws` in their URIs (RFC 7118 §5.2).
    return protocol === "ws" && this.isLocal(host, port, "wss");
  }

  /** Returns the index of a transport, for `transportAt`. */
  indexOf(transport: Transport): number {
    return this.#transports.indexOf(transport);
  }

  transportAt(index: number): Transport | undefined {
    return this.#transports[index];
  }

  /** Reports whether an address is ours, at any port. */
  hasHost(host: string): boolean {
    return this.#hosts.has(host);
  }

  /** Reports whether any transport listens on a port. */
  hasPort(port: number): boolean {
    return this.#transports.some((transport) => transport.port === port);
  }

  /** Returns our `host:port` for the far end of a flow, for Via and Record-Route. */
  sentBy(flow: Flow): string {
    let known = this.#sentBy.get(flow.transport);
    if (!known) this.#sentBy.set(flow.transport, known = new BoundedMap(MAX_REMEMBERED));
    const cached = known.get(flow.remoteAddress);
    if (cached !== undefined) return cached;
    const { transport, remoteAddress } = flow;
    const { localAddresses } = this.#parts;
    const host = localAddresses.facing(remoteAddress, transport.address);
    const port = host === localAddresses.externAddr
      ? localAddresses.externPort(transport.port)
      : transport.port;
    const sentBy = `${host}:${port}`;
    known.set(remoteAddress, sentBy);
    return sentBy;
  }

  /** Reports whether a host is in a local network of this server, without NAT in between. */
  isInLocalNetwork(host: string): boolean {
    return this.#parts.localAddresses.isLocal(host);
  }

  /** Reports whether the far ends of two flows and this server are in one local network. */
  haveOneNetwork(one: Flow, other: Flow): boolean {
    const { localAddresses } = this.#parts;
    return localAddresses.haveOneNetwork(
      one.remoteAddress,
      other.remoteAddress,
      localAddresses.facing(one.remoteAddress, one.transport.address),
    );
  }

  /** Returns the flow to a destination; undefined when no transport reaches it. */
  flowTo({ protocol, address, port, domain }: Destination): Flow | undefined {
    return this.#transportTo(protocol, address)?.flowTo(address, port, domain);
  }

  /**
   * Returns the flow for responses to a request (§18.2.2, RFC 3581 §4): its connection, or for UDP its source address,
   * with the source port if `rport` was asked for, else with the port of sent-by.
   */
  responseFlow(request: { topVia: SipRequest["topVia"] | undefined }, flow: Flow): Flow {
    const via = request.topVia;
    if (!via) return flow;
    if (flow.protocol !== "udp") return this.reopened(flow, via.port ?? defaultPort(flow.protocol), via.host);
    const port = via.rportStart >= 0 ? flow.remotePort : via.port ?? 5060;
    return port === flow.remotePort ? flow : flow.transport.flowTo(flow.remoteAddress, port);
  }

  /**
   * Returns the flow or, if its connection is closed, a new one to the port where its peer listens (§18.2.2). A WebSocket
   * client listens nowhere (RFC 7118 §5.4).
   */
  reopened(flow: Flow, port: number, host: string): Flow {
    if (!flow.isConnection || flow.isOpen || flow.protocol === "ws" || flow.protocol === "wss") return flow;
    return flow.transport.flowTo(flow.remoteAddress, port, isIpAddress(host) ? undefined : host);
  }

  /** Returns the open connection with an id. */
  connection(id: number): Flow | undefined {
    return this.#connections.get(id);
  }

  isMuted(high: number, low: number): boolean {
    return this.#parts.guard?.isMuted(high, low) === true;
  }

  onMessage(text: string, flow: Flow): void {
    const { accessControl, guard } = this.#parts;
    if (guard !== undefined && flow.isEstablished !== true && !guard.admits(flow)) return;
    if (accessControl !== undefined && !accessControl.admits(flow.remoteAddress) && !isResponse(text)) {
      return this.#deny(text, flow, accessControl);
    }
    const code = codeAt(text, 0);
    // Keep-alives are CRLFs (RFC 5626 §3.5.1), four zero bytes of old phones, or STUN, which begins with zero bits.
    if (code < 32 && this.#isKeepAlive(text, flow)) return;
    if (this.#parts.trace.isOn) this.#parts.trace.write("received", text, flow);
    try {
      this.#handUp(text, flow);
    } catch (error) {
      // An error in the layers above ends with its message.
      this.#errors.value++;
      log.error("Cannot handle a message from {address}: {error}", { address: flow.remoteAddress, error });
    }
  }

  /** Drops a message of a denied address unparsed and untraced; only a first request is answered, by 403. */
  #deny(text: string, flow: Flow, accessControl: AccessControl): void {
    this.#denied.value++;
    if (isKeepAlive(text) || isAck(text) || accessControl.verdict(flow.remoteAddress) !== "refuse") return;
    this.#reject(text, { kind: "denied", status: 403, reason: "Forbidden" }, flow);
  }

  onRejected(text: string, rejection: Rejection, flow: Flow): void {
    const { accessControl } = this.#parts;
    if (accessControl !== undefined && !accessControl.admits(flow.remoteAddress)) return;
    this.#malformed.value++;
    if (!isResponse(text)) this.#reject(text, rejection, flow);
  }

  #reject(text: string, rejection: Rejection, flow: Flow): void {
    try {
      const message = parseMessage(text, this.#parts.messageLimits);
      const head = message instanceof RejectedMessage ? message.request : message;
      head?.stampTopVia(flow.remoteAddress, flow.remotePort, keepAliveOf(flow));
      this.#user?.onRejected(new RejectedMessage(rejection, head), flow, text);
    } catch (error) {
      this.#errors.value++;
      log.error("Cannot reject a message from {address}: {error}", { address: flow.remoteAddress, error });
    }
  }

  #handUp(text: string, flow: Flow): void {
    const message = parseMessage(text, this.#parts.messageLimits);
    if (message.kind === "response") {
      // A response with a top Via that is not ours is dropped (§18.1.2).
      const { host, port = defaultPort(flow.protocol) } = message.topVia;
      if (this.isLocal(host, port)) this.#user?.onResponse(message, flow);
      else this.#violations.value++;
      return;
    }
    if (message instanceof RejectedMessage) {
      this.#malformed.value++;
      message.request?.stampTopVia(flow.remoteAddress, flow.remotePort, keepAliveOf(flow));
      return this.#user?.onRejected(message, flow, text);
    }
    const { topVia } = message;
    message.stampTopVia(flow.remoteAddress, flow.remotePort, keepAliveOf(flow));
    if (topVia.hasAlias) flow.addAlias?.(topVia.port ?? defaultPort(flow.protocol));
    if (flow.protocol === "udp" && text.length > this.#parts.maxDatagramSize) {
      return this.#user?.onRejected(new RejectedMessage(OVERSIZED, message), flow, text);
    }
    this.#user?.onRequest(message, flow);
  }

  onFlowOpened(flow: Flow): void {
    this.#connections.set(flow.id, flow);
  }

  onFlowClosed(flow: Flow): void {
    this.#connections.delete(flow.id);
    try {
      this.#user?.onFlowClosed(flow);
    } catch (error) {
      log.error("Cannot clean up after a connection of {address}: {error}", {
        address: flow.remoteAddress,
        error,
      });
    }
  }

  onUnreachable(datagram: string, flow: Flow): void {
    try {
      this.#user?.onUnreachable?.(datagram, flow);
    } catch (error) {
      log.error("Cannot give up a request to {address}: {error}", { address: flow.remoteAddress, error });
    }
  }

  onViolation(reason: string, flow: Flow | undefined): void {
    this.#violations.value++;
    const peer = flow ? `${flow.protocol} ${flow.remoteAddress}:${flow.remotePort}` : "a peer";
    log.debug("Dropped what {peer} sent: {reason}", { peer, reason });
  }

  /** Sends and traces a message. */
  send(text: string, flow: Flow, onFailure?: (reason: string) => void): void {
    if (this.#parts.trace.isOn) this.#parts.trace.write("sent", text, flow);
    flow.send(text, onFailure);
  }

  #isKeepAlive(text: string, flow: Flow): boolean {
    if (!isKeepAlive(text)) return false;
    const answer = flow.protocol === "udp"
      ? answerStun(text, flow.remoteAddress, flow.remotePort)
      : undefined;
    if (answer !== undefined) flow.send(answer);
    return true;
  }

  #transportTo(protocol: TransportProtocol, address: string): Transport | undefined {
    const isWanted = isIpv6(address);
    let usable: Transport | undefined;
    for (const transport of this.#transports) {
      if (transport.protocol !== protocol) continue;
      if (isIpv6(transport.address) !== isWanted && transport.address !== "[::]") continue;
      // Of several sockets of a protocol, the one on the interface towards the target is best.
      if (isNear(transport.address, address)) return transport;
      usable ??= transport;
    }
    return usable;
  }
}

const OVERSIZED: Rejection = { kind: "oversized", status: 513, reason: TOO_LARGE };

const MAX_REMEMBERED = 65536;

/** Reports whether both or neither of two addresses are loopback. */
function isNear(bound: string, remote: string): boolean {
  const isLoopback = (host: string) => host.startsWith("127.") || host === "[::1]";
  return isLoopback(bound) === isLoopback(remote);
}

/** Returns the seconds between keep-alives that keep the NAT mapping of a flow (RFC 5626 §4.4.1, §4.4.2). */
function keepAliveOf(flow: Flow): number {
  return flow.isConnection ? 110 : 25;
}

/** Reports whether a text is a response, after empty lines (§7.5). */
function isResponse(text: string): boolean {
  return /^(?:\r\n)*SIP\/2\.0 /i.test(text);
}

function isAck(text: string): boolean {
  return /^(?:\r\n)*ACK /.test(text);
}

function isKeepAlive(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = codeAt(text, i);
    if (code === 13 || code === 10) continue;
    return code < 4;
  }
  return true;
}
