/** A transport of connections, made of a kind of sockets and a carrier of messages. */
import type { ByteStream } from "./byte_stream.ts";
import { Connection, type ConnectionPeer } from "./connection.ts";
import type { ConnectionLimits } from "./connection_limits.ts";
import { ConnectionTable } from "./connection_table.ts";
import type { IncomingConnection, Sockets } from "./sockets.ts";
import type { Flow, Transport, TransportEvents, TransportProtocol } from "./transport.ts";
import { UnreachableFlow } from "./unreachable_flow.ts";
import type { Wire, WireEvents } from "./wire.ts";

/** Makes a wire that reports to these events. */
export type WireMaker = (events: WireEvents) => Wire;

/** The result of a handshake. One call at most; none when the stream ends first. */
export interface CarryEvents {
  carried(make: WireMaker): void;
  /** The peer was told, and the stream is being closed. */
  refused(reason: string): void;
}

/** Carries messages on streams, at once or after a handshake. */
export interface Carrier {
  /** Begins on an inbound stream. */
  accept(stream: ByteStream, on: CarryEvents): void;
  /** Begins on an outbound stream; `host` names the peer, with its port. */
  connect(stream: ByteStream, host: string, on: CarryEvents): void;
}

export interface ConnectionTransportParts {
  readonly protocol: TransportProtocol;
  readonly address: string;
  /** 0 for any free port. */
  readonly port: number;
  readonly limits: ConnectionLimits;
  readonly sockets: Sockets;
  readonly carrier: Carrier;
  /** True when connections differ by the domain that their certificate was checked for. */
  readonly isKeyedByDomain: boolean;
}

/** A listening socket and its connections, inbound and outbound. */
export class ConnectionTransport implements Transport {
  readonly protocol: TransportProtocol;
  readonly address: string;
  readonly #parts: ConnectionTransportParts;
  #port: number;
  #table: ConnectionTable | undefined;

  constructor(parts: ConnectionTransportParts) {
    this.#parts = parts;
    this.protocol = parts.protocol;
    this.address = parts.address;
    this.#port = parts.port;
  }

  get port(): number {
    return this.#port;
  }

  async listen(events: TransportEvents): Promise<void> {
    const table = new ConnectionTable(this.#parts.limits, events);
    try {
      this.#port = await this.#parts.sockets.listen(this, {
        onConnection: (stream) => this.#welcome(stream, table),
        onViolation: (reason) => events.onViolation(reason, undefined),
      });
    } catch (error) {
      table.close();
      throw error;
    }
    this.#table = table;
  }

  flowTo(address: string, port: number, domain?: string): Flow {
    const checked = this.#parts.isKeyedByDomain ? domain?.toLowerCase() : undefined;
    const table = this.#table;
    const known = table?.get(address, port, checked);
    if (known) return known;
    const reason = table ? table.refusal(address, false) : "Transport is closed";
    if (!table || reason !== undefined) {
      return new UnreachableFlow(this, { address, port, reason: reason ?? "" });
    }
    return this.#connect({ address, port, domain: checked, isInbound: false }, table);
  }

  async close(): Promise<void> {
    this.#table?.close();
    this.#table = undefined;
    await this.#parts.sockets.close();
  }

  #welcome(stream: ByteStream, table: ConnectionTable): IncomingConnection | undefined {
    const { remote } = stream;
    // A peer that resets at once leaves no remote address.
    if (remote === undefined) return void stream.destroy();
    const { address, port } = remote;
    const reason = table.refusal(address, true);
    if (reason !== undefined) {
      table.events.onViolation(reason, undefined);
      return void stream.destroy();
    }
    let outermost = stream;
    const release = table.count(address);
    const arrive = table.awaitHandshake(() => stream.destroy());
    const onEstablished = table.watch(address, () => {
      release();
      outermost.destroy();
    });
    stream.whenClosed(() => {
      release();
      arrive();
      onEstablished();
    });
    return {
      onReady: (ready) => {
        outermost = ready.stream;
        this.#parts.carrier.accept(ready.stream, {
          carried: (make) => {
            arrive();
            const connection = new Connection(this, { address, port, isInbound: true }, {
              host: table,
              onEstablished,
            });
            this.#open(connection, table);
            connection.attach(make(connection), ready.peerNames);
          },
          refused: (reason) => table.events.onViolation(reason, undefined),
        });
      },
    };
  }

  #connect(peer: ConnectionPeer, table: ConnectionTable): Connection {
    let giveUp = () => {};
    const release = table.count(peer.address);
    const connection = new Connection(this, peer, {
      host: table,
      giveUp: () => giveUp(),
      onEnd: release,
    });
    this.#open(connection, table);
    const host = `${peer.domain ?? peer.address}:${peer.port}`;
    giveUp = this.#parts.sockets.connect(peer, {
      onReady: ({ stream, peerNames }) => {
        giveUp = () => stream.destroy();
        this.#parts.carrier.connect(stream, host, {
          carried: (make) => connection.attach(make(connection), peerNames),
          refused: (reason) => connection.end(reason),
        });
      },
      onFailure: (reason) => connection.end(reason),
    });
    return connection;
  }

  #open(connection: Connection, table: ConnectionTable): void {
    table.add(connection);
    table.events.onFlowOpened(connection);
  }
}
