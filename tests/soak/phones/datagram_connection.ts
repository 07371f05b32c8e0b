/** A phone's UDP socket, in the shape of its connections. */
import type { PhoneConnection } from "../../bench/load/phone_connection.ts";

export interface DatagramOptions {
  /** Where it sends from and receives. */
  readonly localAddress: string;
  /** One that the kernel chooses, if left out. */
  readonly localPort?: number;
  /** Of the server on 127.0.0.1. */
  readonly port: number;
}

const latin1 = new TextDecoder("latin1");

export class DatagramConnection implements PhoneConnection {
  readonly protocol = "udp";
  readonly address: string;
  readonly port: number;
  readonly unsentBytes = 0;
  isOpen = true;
  onMessage: (text: string) => void = () => {};
  readonly #socket: Deno.DatagramConn;
  readonly #server: Deno.NetAddr;

  constructor({ localAddress, localPort = 0, port }: DatagramOptions) {
    this.#socket = Deno.listenDatagram({ transport: "udp", hostname: localAddress, port: localPort });
    this.address = localAddress;
    this.port = (this.#socket.addr as Deno.NetAddr).port;
    this.#server = { transport: "udp", hostname: "127.0.0.1", port };
    this.#read();
  }

  send(text: string): void {
    if (!this.isOpen) return;
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
    // Nobody listens while the server is away; what matters is sent again.
    this.#socket.send(bytes, this.#server).catch(() => {});
  }

  stopReading(): void {
    this.onMessage = () => {};
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#socket.close();
  }

  reset(): void {
    this.close();
  }

  async #read(): Promise<void> {
    while (this.isOpen) {
      try {
        const [datagram] = await this.#socket.receive();
        this.onMessage(latin1.decode(datagram));
      } catch {
        // Closed, or ICMP says that nobody listened: the loop knows which.
      }
    }
  }
}
