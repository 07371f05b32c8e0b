/** A name server that answers nothing and remembers that it was asked. */
import { freePort } from "../../support/ports.ts";

/** Counts the datagrams that come to a port of 127.0.0.1, each of them a question. */
export class SilentNameServer implements AsyncDisposable {
  readonly port = freePort();
  readonly #socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: this.port });
  readonly #questions: string[] = [];
  readonly #reading = this.#read();

  /** The names that were asked for, with dots in the places of lengths. */
  get questions(): readonly string[] {
    return this.#questions;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await this.#reading;
  }

  async #read(): Promise<void> {
    for await (const [bytes] of this.#socket) {
      const name = new TextDecoder("latin1").decode(bytes.subarray(12));
      this.#questions.push(name.replaceAll(/[^\w-]/g, "."));
    }
  }
}
