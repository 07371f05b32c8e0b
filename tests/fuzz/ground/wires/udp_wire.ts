/** A wire of datagrams. */
import { Inbox } from "../../play/inbox.ts";
import { latin1, latin1Bytes } from "../../../torture/torture_messages.ts";
import type { SocketWire, SocketWireParts } from "./socket_wire.ts";

export class UdpWire implements SocketWire {
  readonly inbox = new Inbox();
  readonly endpoint: string;
  readonly server: string;
  readonly #parts: SocketWireParts;
  readonly #socket: Deno.DatagramConn;

  constructor(parts: SocketWireParts & { readonly port: number }) {
    const { address, port, server } = parts;
    this.#parts = parts;
    this.endpoint = `${address}:${port}`;
    this.server = `${server.hostname}:${server.port}`;
    this.#socket = Deno.listenDatagram({ transport: "udp", hostname: address, port });
    this.#receive();
  }

  open(): void {}

  async send(bytes: string): Promise<void> {
    const to = { transport: "udp", ...this.#parts.server } as const;
    // A datagram that is too long for the system does not leave.
    await this.#socket.send(latin1Bytes(bytes), to).catch(() => {});
  }

  close(): void {
    this.#socket.close();
  }

  async #receive(): Promise<void> {
    for await (const [bytes] of this.#socket) {
      if (bytes.length > 4) this.#parts.onMessage(latin1(bytes), this.inbox);
    }
  }
}
