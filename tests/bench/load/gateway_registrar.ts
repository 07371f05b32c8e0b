/** A registrar that gateways' hosts lead to: challenges every registration, grants it, and notes when it came. */
import { header } from "./sip_answer.ts";
import { md5 } from "./subscribers.ts";

export interface GatewayRegistrarOptions {
  /** UDP port, on every address of this machine. */
  readonly port: number;
  /** Seconds that a registration is granted. */
  readonly lifetime: number;
}

const NONCE = "bench";

const latin1 = new TextDecoder("latin1");
const encoder = new TextEncoder();

export class GatewayRegistrar {
  /** When each registration was begun, first one and refreshes, on the clock of performance.now(), by its Call-ID. */
  readonly begun = new Map<string, number[]>();
  readonly #socket: Deno.DatagramConn;
  readonly #lifetime: number;
  /** The latest REGISTER of each: retransmissions are answered and not counted. */
  readonly #latest = new Map<string, number>();

  constructor({ port, lifetime }: GatewayRegistrarOptions) {
    this.#lifetime = lifetime;
    this.#socket = Deno.listenDatagram({ transport: "udp", hostname: "0.0.0.0", port });
    this.#serve();
  }

  close(): void {
    this.#socket.close();
  }

  async #serve(): Promise<void> {
    for await (const [datagram, from] of this.#socket) {
      const request = latin1.decode(datagram);
      if (!request.startsWith("REGISTER ")) continue;
      const response = this.#answer(request);
      this.#socket.send(encoder.encode(response), from).catch(() => {}); // it will be asked again
    }
  }

  #answer(request: string): string {
    const callId = header(request, "Call-ID");
    if (header(request, "Authorization") !== "") {
      return this.#respond(
        request,
        "200 OK",
        `Contact: ${header(request, "Contact").replace(/;expires=\d+/i, "")};expires=${this.#lifetime}\r\n`,
      );
    }
    const cseq = parseInt(header(request, "CSeq"));
    if (cseq > (this.#latest.get(callId) ?? 0)) {
      this.#latest.set(callId, cseq);
      const times = this.begun.get(callId) ?? [];
      this.begun.set(callId, times);
      times.push(performance.now());
    }
    const challenge = `Digest realm="bench",nonce="${NONCE}",algorithm=MD5,qop="auth"`;
    return this.#respond(request, "401 Unauthorized", `WWW-Authenticate: ${challenge}\r\n`);
  }

  #respond(request: string, status: string, extra: string): string {
    const callId = header(request, "Call-ID");
    return `SIP/2.0 ${status}\r\n` +
      `Via: ${header(request, "Via")}\r\n` +
      `From: ${header(request, "From")}\r\n` +
      `To: ${header(request, "To")};tag=${md5(callId).slice(0, 8)}\r\n` +
      `Call-ID: ${callId}\r\n` +
      `CSeq: ${header(request, "CSeq")}\r\n` +
      `${extra}Content-Length: 0\r\n\r\n`;
  }
}
