/** Bounded floods of datagrams from many addresses of 127.0.0.0/8, by a program in C, and one user who goes on meanwhile. */
import { join } from "node:path";
import { runProcess } from "./process.ts";
import { withCredentials } from "./sip_text.ts";

/** Replaced by the number of the datagram. */
const NUMBER = "@@@@@@@@@@";

export const FLOODS = {
  REGISTER: request("REGISTER", "sip:sip.local"),
  INVITE: request("INVITE", "sip:1001@sip.local"),
  OPTIONS: request("OPTIONS", "sip:sip.local"),
  MESSAGE: request("MESSAGE", "sip:1001@sip.local", { body: "buy now" }),
  SUBSCRIBE: request("SUBSCRIBE", "sip:1001@sip.local", { lines: ["Event: presence"] }),
  CANCEL: request("CANCEL", "sip:1001@sip.local"),
  responses: response(),
  STUN: "\x00\x01\x00\x00\x21\x12\xa4\x42aaaaaaaaaaaa",
  garbage: `\xff\xfe\x80garbage ${NUMBER} \x01\x02\x03`,
  "60 KB": request("INVITE", "sip:1001@sip.local", { body: "x".repeat(60_000) }),
} as const;
export type FloodName = keyof typeof FLOODS;

export interface Flood {
  readonly port: number;
  readonly message: string;
  /** Addresses that it comes from. */
  readonly sources: number;
  /** Datagrams a second, as far as the machine makes them. */
  readonly rate: number;
  readonly seconds: number;
}

/** Compiles the program; returns its path. */
export async function compileFlood(directory: string): Promise<string> {
  const program = join(directory, "flood");
  const source = join(import.meta.dirname!, "flood.c");
  const { code, output } = await runProcess("gcc", { args: ["-O2", "-o", program, source] });
  if (code !== 0) throw new Error(`Cannot compile "${source}"\n${output}`);
  return program;
}

/** Sends a flood to its end; returns how many datagrams were sent. */
export async function flood(program: string, { port, message, ...pace }: Flood): Promise<number> {
  const child = new Deno.Command(program, {
    args: [port, pace.sources, pace.rate, pace.seconds].map(String),
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(Uint8Array.from(message, (character) => character.charCodeAt(0)));
  await writer.close();
  const { stdout } = await child.output();
  return Number(new TextDecoder().decode(stdout));
}

/** A user with a flow of his own, who asks again and again. */
export class GoodUser implements Disposable {
  readonly #socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  readonly #port: number;
  #number = 0;

  /** @param port of the server on 127.0.0.1 */
  constructor(port: number) {
    this.#port = port;
  }

  /** Registers, so that the flow is established. */
  async register(username: string, secret: string): Promise<void> {
    const plain = this.#request("REGISTER", "sip:sip.local", username);
    const challenge = await this.#ask(plain);
    const answer = await this.#ask(withCredentials(plain, challenge, { username, secret }));
    if (!answer.startsWith("SIP/2.0 200 ")) throw new Error(`Cannot register:\n${answer}`);
  }

  /** Sends a request that is answered by a challenge; returns the milliseconds until then, Infinity without an answer. */
  async latency(method: "REGISTER" | "INVITE", username: string): Promise<number> {
    const uri = method === "REGISTER" ? "sip:sip.local" : "sip:1001@sip.local";
    const start = performance.now();
    const answer = await this.#ask(this.#request(method, uri, username)).catch(() => undefined);
    return answer === undefined ? Infinity : performance.now() - start;
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }

  #request(method: string, uri: string, username: string): string {
    const { port } = this.#socket.addr as Deno.NetAddr;
    return request(method, uri, { user: username, sentBy: `127.0.0.1:${port}` })
      .replaceAll(NUMBER, `${port}-${++this.#number}`);
  }

  /** Sends it like SIP does by UDP, until an answer comes. */
  async #ask(text: string): Promise<string> {
    const bytes = new TextEncoder().encode(text);
    const to: Deno.NetAddr = { transport: "udp", hostname: "127.0.0.1", port: this.#port };
    const branch = /branch=[^;\r]*/.exec(text)![0];
    const send = () => this.#socket.send(bytes, to).catch(() => {});
    const timers = [500, 1500, 3500].map((delay) => setTimeout(send, delay));
    let isOver = false;
    timers.push(setTimeout(() => {
      isOver = true;
      // Ends the wait.
      this.#socket.send(new Uint8Array(1), this.#socket.addr).catch(() => {});
    }, 8000));
    try {
      await send();
      for (;;) {
        const [received] = await this.#socket.receive();
        const answer = new TextDecoder().decode(received);
        if (answer.includes(branch) && !answer.startsWith("SIP/2.0 1")) return answer;
        if (isOver) throw new Error("No answer");
      }
    } finally {
      for (const timer of timers) clearTimeout(timer);
    }
  }
}

interface RequestParts {
  readonly body?: string;
  readonly lines?: readonly string[];
  readonly user?: string;
  readonly sentBy?: string;
}

function request(method: string, uri: string, parts: RequestParts = {}): string {
  const { body = "", lines = [], user = "1001", sentBy = "192.0.2.99:5060" } = parts;
  return [
    `${method} ${uri} SIP/2.0`,
    `Via: SIP/2.0/UDP ${sentBy};branch=z9hG4bK-flood-${NUMBER};rport`,
    "Max-Forwards: 70",
    `From: <sip:${user}@sip.local>;tag=f-${NUMBER}`,
    `To: <${method === "REGISTER" ? `sip:${user}@sip.local` : uri}>`,
    `Call-ID: flood-${NUMBER}`,
    `CSeq: 1 ${method}`,
    `Contact: <sip:${user}@${sentBy}>`,
    ...lines,
    `Content-Length: ${body.length}`,
    "",
    body,
  ].join("\r\n");
}

function response(): string {
  return [
    "SIP/2.0 200 OK",
    `Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK-flood-${NUMBER}`,
    "From: <sip:1001@sip.local>;tag=f",
    "To: <sip:1002@sip.local>;tag=t",
    `Call-ID: flood-${NUMBER}`,
    "CSeq: 1 INVITE",
    "Content-Length: 0",
    "",
    "",
  ].join("\r\n");
}
