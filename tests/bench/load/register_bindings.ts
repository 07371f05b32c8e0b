// Registers many bindings as fast as the server takes them: each is REGISTER 401 REGISTER 200 over UDP, from one socket.

import { freePort } from "../process/local_port.ts";
import { calleesOf } from "./injection_files.ts";
import type { LoadPorts } from "./load_ports.ts";
import { registerRequest } from "./register_request.ts";
import { credentials, header, statusCode } from "./sip_answer.ts";
import { DOMAIN } from "./subscribers.ts";

export interface BindingToRegister {
  readonly user: string;
  /** A URI without brackets. */
  readonly contact: string;
  /** Of the user; that of the subscribers if omitted. */
  readonly domain?: string;
}

export interface RegisterOptions {
  /** Of the registrar on 127.0.0.1. */
  readonly port: number;
  readonly bindings: readonly BindingToRegister[];
  /** The port to register from; a free one if omitted. */
  readonly localPort?: number;
}

interface Registration extends BindingToRegister {
  readonly callId: string;
  cseq: number;
  /** A header row, or nothing. */
  authorization: string;
  attempts: number;
  sentAt: number;
}

const WINDOW = 48; // registrations under way at a time
const RETRY_AFTER = 500; // milliseconds
const ATTEMPTS = 8;

/**
 * Resolves when every binding is registered, with the number of bindings its user had then, by the last answer; throws
 * when one is refused or not answered.
 */
export async function registerBindings(options: RegisterOptions): Promise<number> {
  const { port, bindings, localPort = freePort() } = options;
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: localPort });
  const to: Deno.NetAddr = { transport: "udp", hostname: "127.0.0.1", port };
  const waiting = new Map<string, Registration>();
  let failure: Error | undefined;
  const run = crypto.randomUUID();
  let begun = 0;
  let listed = 0;

  function fail(error: Error): void {
    failure = error;
    socket.close();
  }

  function send(registration: Registration): void {
    registration.sentAt = performance.now();
    socket.send(registerRequest(registration, localPort), to).catch(() => {}); // a lost datagram is sent again
  }

  function begin(): void {
    const callId = `${run}-${begun}@127.0.0.1`;
    const registration = { ...bindings[begun++], callId, cseq: 1, authorization: "", attempts: 1, sentAt: 0 };
    waiting.set(callId, registration);
    send(registration);
  }

  function receive(text: string): void {
    const registration = waiting.get(header(text, "Call-ID"));
    if (!registration || parseInt(header(text, "CSeq")) !== registration.cseq) return;
    const status = statusCode(text);
    if (status < 200) return;
    if (status === 401 && registration.cseq === 1) {
      const { user, domain = DOMAIN } = registration;
      const value = credentials(text, { user, method: "REGISTER", uri: `sip:${domain}` });
      registration.authorization = `Authorization: ${value}\r\n`;
      registration.cseq = 2;
      return send(registration);
    }
    if (status !== 200) return fail(new Error(`Cannot register "${registration.user}"\n${text}`));
    listed = countContacts(text);
    waiting.delete(registration.callId);
    if (begun < bindings.length) begin();
  }

  const retries = setInterval(() => {
    for (const registration of waiting.values()) {
      if (performance.now() - registration.sentAt < RETRY_AFTER) continue;
      if (++registration.attempts > ATTEMPTS) {
        return fail(new Error(`Cannot register "${registration.user}": no answer`));
      }
      send(registration);
    }
  }, RETRY_AFTER / 2);

  while (begun < Math.min(WINDOW, bindings.length)) begin();
  try {
    while (waiting.size > 0) {
      const [datagram] = await socket.receive();
      receive(latin1.decode(datagram));
    }
    socket.close();
    return listed;
  } catch (error) {
    throw failure ?? error;
  } finally {
    clearInterval(retries);
  }
}

/** Registers the callees of every pair from the port of their SIPp UAS: a registrar may reach them where they came from. */
export async function registerCallees(port: number, { pairs }: LoadPorts): Promise<void> {
  for (const [pair, { callee: localPort }] of pairs.entries()) {
    const contact = (user: string) => `sip:${user}@127.0.0.1:${localPort}`;
    const bindings = calleesOf(pair).map((user) => ({ user, contact: contact(user) }));
    await registerBindings({ port, bindings, localPort });
  }
}

const latin1 = new TextDecoder("latin1");
function countContacts(text: string): number {
  return [...text.matchAll(/^Contact:.*$/gim)].reduce(
    (count, [line]) => count + line.split("<").length - 1,
    0,
  );
}
