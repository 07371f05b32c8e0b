// A baresip as a phone: a process of its own, steered through its ctrl_tcp module (JSON in netstrings).

import { freePort } from "../support/ports.ts";
import { RunningProcess, startProcess } from "../support/process.ts";
import { domain, secret } from "../support/routr_process.ts";
import { decodeNetstrings, encodeNetstring } from "./netstring.ts";

const modulePath = "/usr/lib/baresip/modules";
const usualSecondsToLive = 60;
const patience = 8_000;

/** The host of a phone that is not on the loopback interface of this host. */
export interface BaresipSite {
  /** The phone's address, and the server's. */
  readonly address: string;
  readonly serverAddress: string;
  /** The command that starts a program there. */
  commandLine(command: string, args: readonly string[]): [command: string, args: string[]];
  /** Calls what opens a socket there. */
  inside<T>(open: () => T): T;
}

const loopback: BaresipSite = {
  address: "127.0.0.1",
  serverAddress: "127.0.0.1",
  commandLine: (command, args) => [command, [...args]],
  inside: (open) => open(),
};

export interface BaresipOptions {
  readonly user: string;
  /** Port of the server on 127.0.0.1. */
  readonly server: number;
  readonly transport?: "udp" | "tcp" | "tls";
  /** For TLS; without, it has no transport of that kind. */
  readonly tls?: BaresipTls;
  readonly password?: string;
  readonly answer?: "manual" | "auto";
  /** Time of ringing before it gives the call up by itself. */
  readonly ringSeconds?: number;
  readonly site?: BaresipSite;
  /** Its lifetime unless it is stopped. */
  readonly secondsToLive?: number;
}

/** Files in PEM. */
export interface BaresipTls {
  /** Certificates of authorities that servers are checked against. */
  readonly authorities: string;
  /** The key and the certificate that it shows, as a client too. */
  readonly both?: string;
}

/** A report of ctrl_tcp; `param` is the status line for REGISTER_OK, REGISTER_FAIL and CALL_CLOSED. */
export interface BaresipEvent {
  readonly type: string;
  readonly param?: string;
  readonly direction?: "incoming" | "outgoing";
  readonly peeruri?: string;
}

/** Starts a phone without an account; `register()` gives it one. */
export async function startBaresip(options: BaresipOptions): Promise<Baresip> {
  const directory = await Deno.makeTempDir({ prefix: "baresip-" });
  const control = freePort();
  await Deno.writeTextFile(`${directory}/config`, configuration(control, options));
  await Deno.writeTextFile(`${directory}/accounts`, "");
  const { site = loopback, secondsToLive = usualSecondsToLive } = options;
  const words = ["-oL", "baresip", "-4", "-f", directory, "-s", "-t", String(secondsToLive)];
  const [command, args] = site.commandLine("stdbuf", words);
  const child = startProcess(command, { args, lifetime: (secondsToLive + 10) * 1000 });
  try {
    await child.waitForLine(/baresip is ready/, patience);
    const connection = await site.inside(() => Deno.connect({ hostname: "127.0.0.1", port: control }));
    return new Baresip(options, { child, connection, directory });
  } catch (error) {
    await child.stop();
    await Deno.remove(directory, { recursive: true });
    throw error;
  }
}

/** Starts a phone and waits until the server has accepted its registration. */
export async function registeredBaresip(options: BaresipOptions): Promise<Baresip> {
  const phone = await startBaresip(options);
  try {
    await phone.register();
    await phone.event("REGISTER_OK");
    return phone;
  } catch (error) {
    await phone.stop();
    throw error;
  }
}

export class Baresip implements AsyncDisposable {
  readonly #options: BaresipOptions;
  readonly #child: RunningProcess;
  readonly #connection: Deno.TcpConn;
  readonly #directory: string;
  readonly #reading: Promise<void>;
  readonly #events: BaresipEvent[] = [];
  #arrived: () => void = () => {};
  #hasRegistered = false;

  constructor(
    options: BaresipOptions,
    parts: { child: RunningProcess; connection: Deno.TcpConn; directory: string },
  ) {
    this.#options = options;
    this.#child = parts.child;
    this.#connection = parts.connection;
    this.#directory = parts.directory;
    this.#reading = this.#read();
  }

  /** Creates the account, which makes the phone register at once. */
  register(): Promise<void> {
    const { user, server, transport = "udp", password = secret, answer = "manual" } = this.#options;
    const { serverAddress } = this.#options.site ?? loopback;
    const account =
      `<sip:${user}@${domain};transport=${transport}>;auth_user=${user};auth_pass=${password};` +
      `outbound="sip:${serverAddress}:${server};transport=${transport}";regint=60;answermode=${answer}`;
    return this.#command("uanew", account);
  }

  dial(user: string): Promise<void> {
    return this.#command("dial", `sip:${user}@${domain}`);
  }

  accept(): Promise<void> {
    return this.#command("accept");
  }

  hold(): Promise<void> {
    return this.#command("hold");
  }

  resume(): Promise<void> {
    return this.#command("resume");
  }

  /** Ends the call: BYE when established, CANCEL when calling, 486 when being called. */
  hangUp(): Promise<void> {
    return this.#command("hangup");
  }

  /** The next event of this type; it and all before it are then forgotten. */
  async event(type: string, milliseconds = patience): Promise<BaresipEvent> {
    const deadline = Date.now() + milliseconds;
    while (true) {
      const index = this.#events.findIndex((event) => event.type === type);
      if (index >= 0) return this.#events.splice(0, index + 1)[index];
      const remaining = deadline - Date.now();
      if (remaining <= 0) throw new Error(this.#failure(`saw no ${type} in ${milliseconds} ms`));
      await this.#nextArrival(remaining);
    }
  }

  /** Waits for a line of the SIP messages that it sent and received. */
  sipLine(pattern: RegExp, milliseconds = patience): Promise<string> {
    return this.#child.waitForLine(pattern, milliseconds);
  }

  /** Un-registers, quits and removes what it wrote. */
  async stop(): Promise<void> {
    await this.#command("quit").catch(() => {}); // it may have ended by itself
    // One that is not registered would go on trying to un-register until it is killed.
    await this.#child.exitCode(this.#hasRegistered ? patience : 0).catch(() => {}); // then SIGTERM below ends it
    await this.#child.stop(this.#hasRegistered ? undefined : 100);
    await this.#reading;
    await Deno.remove(this.#directory, { recursive: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #command(command: string, params = ""): Promise<void> {
    const bytes = encodeNetstring(JSON.stringify({ command, params }));
    const writer = this.#connection.writable.getWriter();
    await writer.write(bytes);
    writer.releaseLock();
  }

  async #read(): Promise<void> {
    try {
      for await (const json of decodeNetstrings(this.#connection.readable)) {
        const message: BaresipEvent & { event?: true } = JSON.parse(json);
        if (!message.event) continue;
        this.#hasRegistered ||= message.type === "REGISTER_OK";
        this.#events.push(message);
        this.#arrived();
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
    }
  }

  #nextArrival(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#arrived = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #failure(what: string): string {
    const events = this.#events.map(({ type, param }) => `${type} ${param ?? ""}`).join("\n");
    return `Phone ${this.#options.user} ${what}; unread events:\n${events}\noutput:\n${this.#child.output}`;
  }
}

// Beside its SIP port, baresip takes the port after it for TLS. Signalling stays on loopback; audio is offered on
// the host's own address, since baresip 1.0 knows no loopback interface, and comes from a bridge without devices.
function configuration(
  controlPort: number,
  { ringSeconds = 30, tls, site = loopback }: BaresipOptions,
): string {
  return `sip_listen ${site.address}:${freePort({ span: 2 })}
${tls ? `sip_cafile ${tls.authorities}\n` : ""}${tls?.both ? `sip_certificate ${tls.both}\n` : ""}\
call_local_timeout ${ringSeconds}
ctrl_tcp_listen 127.0.0.1:${controlPort}
module_path ${modulePath}
audio_player aubridge,bridge
audio_source aubridge,bridge
module g711.so
module aubridge.so
module_app account.so
module_app menu.so
module_app ctrl_tcp.so
`;
}
