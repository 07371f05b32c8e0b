/** SIP straight on a stream: no handshake. */
import type net from "node:net";
import type { Carrier, WireMaker } from "./connection_transport.ts";
import { StreamWire, type StreamWireOptions } from "./stream_wire.ts";

export class StreamCarrier implements Carrier {
  readonly #options: StreamWireOptions;

  constructor(options: StreamWireOptions) {
    this.#options = options;
  }

  accept(socket: net.Socket, on: { carried(make: WireMaker): void }): void {
    on.carried((events) => new StreamWire(socket, events, this.#options));
  }

  connect(socket: net.Socket, _host: string, on: { carried(make: WireMaker): void }): void {
    this.accept(socket, on);
  }
}
