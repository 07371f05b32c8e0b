/** A routr in this process that is sent datagrams as they are, over real sockets. */
import { createHash } from "node:crypto";
import { startTestServer } from "../support/server.ts";
import { latin1, latin1Bytes } from "./torture_messages.ts";

const agentSecret = "torture";
/** Time in which a server in this process answers over the loopback. */
const patience = 3_000;

export interface TortureServer extends AsyncDisposable {
  /**
   * Sends one datagram from the port that its top Via names, then a ping from the same socket.
   * Returns the final answers that came until the ping was answered, and until one came if `isAnswered`.
   */
  exchange(datagram: Uint8Array, options: { isAnswered: boolean }): Promise<string[]>;
  /** The request once more as a phone repeats it after a 401: next CSeq, new branch, digest credentials. */
  withCredentials(datagram: Uint8Array, challenge: string): Uint8Array;
  stop(): Promise<void>;
}

/** @param agent an Agent of the first domain; nobody is registered */
export async function startServer(
  { domains, agent }: { domains: readonly string[]; agent?: string },
): Promise<TortureServer> {
  const agents = agent === undefined ? [] : [{ username: agent, secret: agentSecret, domain: domains[0] }];
  const server = await startTestServer({ domains, agents });
  const place = { serverPort: server.udpPort, hostname: nextAddress() };
  const stop = () => server.stop();
  return {
    exchange: (datagram, { isAnswered }) => exchange(datagram, { ...place, isAnswered }),
    withCredentials: (datagram, challenge) => withCredentials(datagram, { challenge, username: agent ?? "" }),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

let servers = 0;

/** A loopback address for each server's phone, so that what one server still sends reaches no other test. */
function nextAddress(): string {
  servers++;
  return `127.44.${75 + Math.floor(servers / 250)}.${1 + servers % 250}`;
}

let pings = 0;

async function exchange(
  datagram: Uint8Array,
  { serverPort, hostname, isAnswered }: { serverPort: number; hostname: string; isAnswered: boolean },
): Promise<string[]> {
  const phone = { hostname, port: sentByPort(latin1(datagram)) };
  const server: Deno.NetAddr = { transport: "udp", hostname: "127.0.0.1", port: serverPort };
  const socket = Deno.listenDatagram({ transport: "udp", ...phone });
  let isLate = false;
  const deadline = setTimeout(() => {
    isLate = true;
    socket.close();
  }, patience);
  try {
    await socket.send(datagram, server);
    await socket.send(latin1Bytes(ping(phone, serverPort)), server);
    const answers: string[] = [];
    let isPingAnswered = false;
    for await (const [bytes] of socket) {
      const text = latin1(bytes);
      if (/^CSeq: *4475 OPTIONS\r$/im.test(text)) isPingAnswered = true;
      else if (!text.startsWith("SIP/2.0 1")) answers.push(text);
      if (isPingAnswered && (!isAnswered || answers.length > 0)) return answers;
    }
    throw new Error(`Cannot end the exchange: ${isPingAnswered ? "only" : "not even"} the ping was answered`);
  } finally {
    clearTimeout(deadline);
    if (!isLate) socket.close();
  }
}

/** Returns the port for responses without rport (§18.2.2): that of the top Via, else 5060. */
function sentByPort(text: string): number {
  const match = /\n(?:via|v)\s*:\s*SIP\s*\/[^/]*\/\s*\w+\s+[\w.-]+:(\d+)/i.exec(text);
  return match ? Number(match[1]) : 5060;
}

function ping(phone: { hostname: string; port: number }, serverPort: number): string {
  pings++;
  return [
    `OPTIONS sip:127.0.0.1:${serverPort} SIP/2.0`,
    `Via: SIP/2.0/UDP ${phone.hostname}:${phone.port};branch=z9hG4bKping${pings};rport`,
    "Max-Forwards: 70",
    `From: <sip:ping@${phone.hostname}>;tag=ping`,
    `To: <sip:127.0.0.1:${serverPort}>`,
    `Call-ID: ping${pings}@${phone.hostname}`,
    "CSeq: 4475 OPTIONS",
    "Content-Length: 0",
    "\r\n",
  ].join("\r\n");
}

function withCredentials(
  datagram: Uint8Array,
  { challenge, username }: { challenge: string; username: string },
): Uint8Array {
  const text = latin1(datagram);
  const [, method, uri] = /^(\S+) (\S+) /.exec(text)!;
  const offered = challenge.split("\r\n").find((line) =>
    /^WWW-Authenticate: *Digest .*algorithm="?MD5\b/i.test(line)
  );
  if (offered === undefined) throw new Error(`Cannot answer the challenge: no MD5 in ${challenge}`);
  const value = (name: string) => new RegExp(`[ ,]${name}="([^"]*)"`, "i").exec(offered)?.[1] ?? "";
  const [realm, nonce, cnonce] = [value("realm"), value("nonce"), "4475"];
  const secret = md5(`${username}:${realm}:${agentSecret}`);
  const response = md5(`${secret}:${nonce}:00000001:${cnonce}:auth:${md5(`${method}:${uri}`)}`);
  const authorization =
    `Authorization: Digest username="${username}",realm="${realm}",nonce="${nonce}",uri="${uri}",` +
    `response="${response}",algorithm=MD5,qop=auth,nc=00000001,cnonce="${cnonce}",opaque="${
      value("opaque")
    }"`;
  const repeated = text
    .replace("\r\n", `\r\n${authorization}\r\n`)
    .replace(/(\r\nCSeq: *)(\d+)/i, (_, name, number) => `${name}${Number(number) + 1}`)
    .replace(/;branch=z9hG4bK/, "$&again");
  return latin1Bytes(repeated);
}

function md5(text: string): string {
  return createHash("md5").update(text, "latin1").digest("hex");
}
