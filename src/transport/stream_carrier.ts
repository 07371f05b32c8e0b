/** SIP on a stream, without a handshake. */
import type net from "node:net";
import type { Carrier, CarryEvents } from "./connection_transport.ts";
import { StreamWire, type StreamWireOptions } from "./stream_wire.ts";

export class StreamCarrier implements Carrier {
  readonly #options: StreamWireOptions;

  constructor(options: StreamWireOptions) {
    this.#options = options;
  }

  accept(socket: net.Socket, on: CarryEvents): void {
    on.carried((events) => new StreamWire(socket, events, this.#options));
  }

  connect(socket: net.Socket, _host: string, on: CarryEvents): void {
    this.accept(socket, on);
  }
}
