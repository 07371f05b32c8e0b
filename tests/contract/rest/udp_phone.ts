/** A simple SIP device on a socket of 127.0.0.1. */
import { Buffer } from "node:buffer";
import { randomUUID } from "node:crypto";
import { complete, sip, startLine, withCredentials } from "../../support/sip_text.ts";

const DOMAIN = "sip.local";
const RECEIVE_TIMEOUT_MS = 5000;

export class UdpPhone implements Disposable {
  readonly #socket = Deno.listenDatagram({ hostname: "127.0.0.1", port: 0, transport: "udp" });
  readonly #server: Deno.NetAddr;

  constructor(sipPort: number) {
    this.#server = { transport: "udp", hostname: "127.0.0.1", port: sipPort };
  }

  get port(): number {
    return (this.#socket.addr as Deno.NetAddr).port;
  }

  /** Registers with an address-of-record of `sip.local`; returns the final status. */
  async register(username: string, secret: string): Promise<number> {
    const aor = `<sip:${username}@${DOMAIN}>`;
    const request = this.#whole(
      `
      REGISTER sip:${DOMAIN} SIP/2.0
      From: ${aor};tag=1
      To: ${aor}
      Contact: <sip:${username}@127.0.0.1:${this.port}>
    `,
      "REGISTER",
    );
    return await this.#authenticated(request, username, secret);
  }

  /** Sends an INVITE, answers the challenge, and takes the 100. */
  async invite(caller: { username: string; secret: string }, callee: string): Promise<void> {
    const request = this.#whole(
      `
      INVITE sip:${callee}@${DOMAIN} SIP/2.0
      From: <sip:${caller.username}@${DOMAIN}>;tag=1
      To: <sip:${callee}@${DOMAIN}>
      Contact: <sip:${caller.username}@127.0.0.1:${this.port}>
    `,
      "INVITE",
    );
    await this.#authenticated(request, caller.username, caller.secret);
  }

  /** Sends a message. */
  async send(message: string): Promise<void> {
    await this.#socket.send(Buffer.from(message, "latin1"), this.#server);
  }

  /** Returns the next message. */
  async receive(): Promise<string> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error("Nothing came by UDP")), RECEIVE_TIMEOUT_MS);
    });
    try {
      const [bytes] = await Promise.race([this.#socket.receive(), late]);
      return Buffer.from(bytes).toString("latin1");
    } finally {
      clearTimeout(timer);
    }
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }

  /** Sends a request and answers a challenge. Returns the status, also of a 100. */
  async #authenticated(request: string, username: string, secret: string): Promise<number> {
    await this.send(request);
    const first = await this.receive();
    if (![401, 407].includes(statusOf(first))) return statusOf(first);
    await this.send(withCredentials(request, first, { username, secret }));
    return statusOf(await this.receive());
  }

  #whole(text: string, method: string): string {
    return complete(sip(text), [
      `Via: SIP/2.0/UDP 127.0.0.1:${this.port};branch=z9hG4bK${randomUUID()};rport`,
      "Max-Forwards: 70",
      `Call-ID: ${randomUUID()}`,
      `CSeq: 1 ${method}`,
      "Content-Length: 0",
    ]);
  }
}

function statusOf(response: string): number {
  return Number(startLine(response).split(" ")[1]);
}
