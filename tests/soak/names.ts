/** The name server of a soak: knows the gateway, and is silent when it is told to be. */
import { a, FakeNameServer, zone } from "../unit/transport/dns/fake_name_server.ts";
import { GATEWAY_NAME, NAMED_GATEWAY_ADDRESS } from "./server/soak_configuration.ts";

/** So short that it is asked all the time. */
const LIFETIME_SECONDS = 3;

export class SoakNames {
  isSilent = false;
  readonly #server: FakeNameServer;

  constructor() {
    const answer = zone([a(GATEWAY_NAME, NAMED_GATEWAY_ADDRESS, LIFETIME_SECONDS)]);
    this.#server = new FakeNameServer((asked) => {
      this.#server.questions.length = 0; // nobody reads them, and there will be many
      return this.isSilent ? undefined : answer(asked);
    });
  }

  get address(): string {
    return this.#server.address;
  }

  async close(): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }
}
