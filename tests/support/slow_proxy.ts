// A TCP proxy between a client and a server that can be slow, or cut all its connections.
import { pause } from "./pause.ts";

export class SlowProxy implements Disposable {
  /** The delay of data in milliseconds, in both directions. */
  delay = 0;
  /** The number of bytes from the server after which all connections are cut, once. */
  cutAfter: number | undefined;
  /** Data is lost, as with a pulled cable. */
  isSilent = false;
  readonly #listener: Deno.TcpListener;
  readonly #target: Deno.ConnectOptions;
  readonly #connections = new Set<Deno.TcpConn>();
  #received = 0;

  /** Listens on a free port of 127.0.0.1. */
  constructor(targetPort: number) {
    this.#target = { hostname: "127.0.0.1", port: targetPort };
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    void this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** The number of bytes from the server. */
  get received(): number {
    return this.#received;
  }

  /** Ends all connections; new ones are accepted. */
  cut(): void {
    for (const connection of this.#connections) close(connection);
    this.#connections.clear();
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    this.cut();
  }

  async #accept(): Promise<void> {
    try {
      for await (const client of this.#listener) void this.#serve(client);
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  async #serve(client: Deno.TcpConn): Promise<void> {
    this.#connections.add(client);
    const server = await Deno.connect(this.#target).catch(() => undefined);
    if (server === undefined || !this.#connections.has(client)) {
      close(client);
      if (server !== undefined) close(server);
      return;
    }
    this.#connections.add(server);
    await Promise.all([
      this.#pass(client, server, () => {}),
      this.#pass(server, client, (count) => this.#count(count)),
    ]);
    for (const connection of [client, server]) {
      close(connection);
      this.#connections.delete(connection);
    }
  }

  async #pass(from: Deno.TcpConn, to: Deno.TcpConn, count: (bytes: number) => void): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      for (let length = await from.read(buffer); length !== null; length = await from.read(buffer)) {
        if (this.delay > 0) await pause(this.delay);
        if (this.isSilent) continue;
        let written = 0;
        while (written < length) written += await to.write(buffer.subarray(written, length));
        count(length);
      }
    } catch {
      // One side has closed: the other follows.
    }
    close(to);
  }

  #count(bytes: number): void {
    this.#received += bytes;
    if (this.cutAfter === undefined || this.#received < this.cutAfter) return;
    this.cutAfter = undefined;
    this.cut();
  }
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // It was closed already.
  }
}
