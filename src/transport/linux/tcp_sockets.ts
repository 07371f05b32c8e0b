/** TCP sockets on Linux, served in the receive loop. */
import { systemClock } from "../../runtime/clock.ts";
import { openLibc } from "../../runtime/native/libc.ts";
import type { ConnectEvents, ListenEvents, Sockets } from "../sockets.ts";
import { CLOSING_TIME_MS, TcpSockets } from "../tcp_sockets.ts";
import { pollerEnded } from "./stream_poller.ts";
import { TcpConnector } from "./tcp_connector.ts";
import { TcpListener } from "./tcp_listener.ts";
import type { TcpStream } from "./tcp_stream.ts";

export class LinuxTcpSockets implements Sockets {
  readonly #libc = openLibc();
  /** Knows why an address cannot be bound, or connected to. */
  readonly #twin = new TcpSockets();
  readonly #streams = new Set<TcpStream>();
  #listener: TcpListener | undefined;
  #onEmpty = () => {};

  async listen(endpoint: { address: string; port: number }, events: ListenEvents): Promise<number> {
    this.#listener = TcpListener.open(this.#libc, endpoint, {
      onStream: (stream) => {
        this.#count(stream);
        events.onConnection(stream)?.onReady({ stream });
      },
      onViolation: (reason) => events.onViolation(reason),
    });
    return this.#listener?.port ?? await this.#twin.listen(endpoint, events);
  }

  connect(endpoint: { address: string; port: number }, events: ConnectEvents): () => void {
    let stream: TcpStream | undefined;
    const connector = TcpConnector.begin(this.#libc, endpoint, {
      onStream: (made) => {
        stream = made;
        this.#count(made);
        events.onReady({ stream: made });
      },
      onFailure: (reason) => events.onFailure(reason),
    });
    if (!connector) return this.#twin.connect(endpoint, events);
    return () => stream ? stream.destroy() : connector.giveUp();
  }

  /** Resolves when all sockets are closed, or after three seconds. */
  async close(): Promise<void> {
    if (!this.#listener) return await this.#twin.close();
    this.#listener.close();
    const emptied = this.#streams.size === 0
      ? Promise.resolve()
      : new Promise<void>((resolve) => this.#onEmpty = resolve);
    let alarm: unknown;
    const late = new Promise<void>((resolve) => alarm = systemClock.setAlarm(resolve, CLOSING_TIME_MS));
    await Promise.race([emptied.then(() => pollerEnded()), late]);
    systemClock.clearAlarm(alarm);
  }

  #count(stream: TcpStream): void {
    this.#streams.add(stream);
    stream.whenClosed(() => {
      this.#streams.delete(stream);
      if (this.#streams.size === 0) this.#onEmpty();
    });
  }
}
