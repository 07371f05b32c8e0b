/** TCP sockets on Linux. Connections of peers are served in the receive loop; others by the portable twin. */
import { openLibc } from "../../runtime/native/libc.ts";
import type { ConnectEvents, ListenEvents, Sockets } from "../sockets.ts";
import { TcpSockets } from "../tcp_sockets.ts";
import { TcpListener } from "./tcp_listener.ts";

export class LinuxTcpSockets implements Sockets {
  readonly #libc = openLibc();
  readonly #twin = new TcpSockets();
  #listener: TcpListener | undefined;

  async listen(endpoint: { address: string; port: number }, events: ListenEvents): Promise<number> {
    this.#listener = TcpListener.open(this.#libc, endpoint, events);
    // The twin knows why an address cannot be bound.
    return this.#listener?.port ?? await this.#twin.listen(endpoint, events);
  }

  connect(endpoint: { address: string; port: number }, events: ConnectEvents): () => void {
    return this.#twin.connect(endpoint, events);
  }

  async close(): Promise<void> {
    await this.#listener?.close();
    await this.#twin.close();
  }
}
