/** A telephone provider behind a gateway: registers its customer, challenges, takes calls and places them. */
import { header } from "../../bench/load/sip_answer.ts";
import { pause } from "../../support/pause.ts";
import { CalledParty } from "./called_party.ts";
import { DatagramConnection } from "./datagram_connection.ts";
import { insist } from "./insist.ts";
import { branchOf, responseText, routeLines, uriIn } from "./request_text.ts";
import { type Failure, failureOf, newCallId } from "./soak_phone.ts";
import { UserAgent } from "./user_agent.ts";

export interface ProviderOptions {
  /** Where it is: an address in 127.0.0.0/8 and a port. */
  readonly address: string;
  readonly port: number;
  /** UDP port of the server on 127.0.0.1. */
  readonly serverPort: number;
}

const CHALLENGE = 'Digest realm="provider",nonce="soak",algorithm=MD5,qop="auth"';
const LIFETIME_SECONDS = 60;

export class Provider {
  readonly agent = new UserAgent();
  readonly #options: ProviderOptions;
  readonly #party: CalledParty;
  #count = 0;
  /** Requests that came to it. */
  requests = 0;

  constructor(options: ProviderOptions) {
    this.#options = options;
    this.#party = new CalledParty(this.agent, () => this.#contact);
    this.agent.onRequest = (request) => this.#receive(request);
    this.listen();
  }

  get #contact(): string {
    return `<sip:provider@${this.#options.address}:${this.#options.port}>`;
  }

  /** Takes requests, again after `hush`. */
  listen(): void {
    const { address: localAddress, port: localPort, serverPort: port } = this.#options;
    this.agent.use(new DatagramConnection({ localAddress, localPort, port }));
  }

  /** Is gone: what is sent to it is lost. */
  hush(): void {
    this.agent.connection?.close();
    this.agent.lose();
  }

  /** A call from the telephone network: INVITE 200 ACK (talk) BYE 200. */
  async call(number: string, talkMs: number): Promise<Failure> {
    const from = `<sip:+49${this.#count++}@${this.#options.address}>;tag=${newCallId().slice(0, 8)}`;
    const uri = `sip:${number}@127.0.0.1:${this.#options.serverPort}`;
    const dialog = { from, to: `<${uri}>`, uri, callId: newCallId() };
    const lines = `Contact: ${this.#contact}\r\nSubject: answer\r\n`;
    const reply = await this.agent.request({ ...dialog, method: "INVITE", cseq: 1, lines });
    if (reply.status !== 200) return failureOf("INVITE", reply, 200);
    const inDialog = {
      ...dialog,
      uri: uriIn(header(reply.text, "Contact")),
      to: header(reply.text, "To"),
      lines: routeLines(reply.text, "reversed"),
    };
    this.agent.acknowledge({ ...inDialog, method: "ACK", cseq: 1 }, branchOf(reply.text));
    await pause(talkMs);
    const bye = { ...inDialog, method: "BYE", cseq: 2 };
    const answer = await this.agent.request(bye);
    insist(this.agent, bye, answer.status);
    return failureOf("BYE", answer, 200);
  }

  #receive(request: string): void {
    this.requests++;
    const method = request.slice(0, request.indexOf(" "));
    const isKnown = header(request, "Authorization") + header(request, "Proxy-Authorization") !== "";
    if (method === "REGISTER" && !isKnown) {
      return this.#respond(request, "401 Unauthorized", `WWW-Authenticate: ${CHALLENGE}\r\n`);
    }
    if (method === "REGISTER") {
      const contact = header(request, "Contact").replace(/;expires=\d+/i, "");
      return this.#respond(request, "200 OK", `Contact: ${contact};expires=${LIFETIME_SECONDS}\r\n`);
    }
    if (method === "INVITE" && !isKnown) {
      const line = `Proxy-Authenticate: ${CHALLENGE}\r\n`;
      return this.#respond(request, "407 Proxy Authentication Required", line);
    }
    this.#party.handle(request);
  }

  #respond(request: string, status: string, lines: string): void {
    this.agent.respond(request, responseText(request, { status, tag: "provider", lines }));
  }
}
