/** Messages of every kind with header lines of any size, at a whole server with a memory transport. */
import { Network } from "../../support/scenario.ts";
import { withCredentials } from "../../support/sip_text.ts";
import { DID, DOMAIN, gatewayAt, NUMBER, TRUNK, WORLD } from "../../support/trunk.ts";

const PLACE = { address: "192.0.2.11", port: 5060 };

/** Puts header lines into a message; what it returns lets the message arrive. */
export type Sender = (net: Network, lines: string) => () => void;

let count = 0;

function message(
  method: string,
  { uri, toTag = "", lines }: { uri: string; toTag?: string; lines: string },
): string {
  count++;
  return `${method} ${uri} SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.11:5060;branch=z9hG4bK-grown-${count}\r\n` +
    `${lines}Max-Forwards: 70\r\nFrom: <sip:alice@sip.local>;tag=a\r\nTo: <sip:bob@sip.local>${toTag}\r\n` +
    `Call-ID: grown-${count}\r\nCSeq: ${count} ${method}\r\nContent-Length: 0\r\n\r\n`;
}

function arriving(net: Network, text: string): () => void {
  return () => net.transports.tcp.receive(text, PLACE);
}

/** A REGISTER with good credentials. */
const register: Sender = (net, lines) => {
  count++;
  const plain =
    `REGISTER sip:sip.local SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.11:5060;branch=z9hG4bK-r-${count}\r\n` +
    "Max-Forwards: 70\r\nFrom: <sip:alice@sip.local>;tag=a\r\nTo: <sip:alice@sip.local>\r\n" +
    `Call-ID: grown\r\nCSeq: ${2 * count} REGISTER\r\nContent-Length: 0\r\n\r\n`;
  net.transports.tcp.receive(plain, PLACE);
  const challenge = net.transports.tcp.flowTo(PLACE.address, PLACE.port).sent.splice(0).at(-1)!;
  const signed = withCredentials(plain, challenge, { username: "alice", secret: "ecila" });
  return arriving(net, `${signed.slice(0, -2)}${lines}\r\n`);
};

/** Bob's answer to an INVITE of alice. */
const response = (status: string): Sender => (net, lines) => {
  arriving(net, message("INVITE", { uri: "sip:bob@sip.local", lines: "" }))();
  const { sent } = net.transports.udp.flowTo("192.0.2.12", 5060);
  const invite = sent.splice(0).at(-1)!;
  const copied = invite.match(/^(?:Via|From|Call-ID|CSeq):.*\r\n/gm)!.join("");
  const text =
    `SIP/2.0 ${status}\r\n${copied}${lines}To: <sip:bob@sip.local>;tag=b\r\nContent-Length: 0\r\n\r\n`;
  return () => net.transports.udp.receive(text, { address: "192.0.2.12", port: 5060 });
};

/** A challenge for credentials of ours. */
function responseOfTrunk(net: Network, lines: string): () => void {
  arriving(net, message("INVITE", { uri: "sip:+4420@sip.local", lines: "" }))();
  const { sent } = net.transports.tcp.flowTo(TRUNK, 5060);
  const invite = sent.splice(0).at(-1)!;
  const copied = invite.match(/^(?:Via|From|Call-ID|CSeq):.*\r\n/gm)!.join("");
  const text =
    `SIP/2.0 407 Proxy Authentication Required\r\n${copied}${lines}To: <sip:+4420@sip.local>;tag=b\r\n` +
    `Content-Length: 0\r\n\r\n`;
  return () => net.transports.tcp.receive(text, { address: TRUNK, port: 5060 });
}

export const SENDERS: Readonly<Record<string, Sender>> = {
  "an INVITE": (net, lines) => arriving(net, message("INVITE", { uri: "sip:bob@sip.local", lines })),
  "an INFO in a dialog": (net, lines) => {
    const uri = "sip:0123456789abcdef.a.b@192.0.2.1:5060;lr";
    return arriving(net, message("INFO", { uri, toTag: ";tag=b", lines }));
  },
  "a call out by a trunk": (net, lines) =>
    arriving(net, message("INVITE", { uri: "sip:+4420@sip.local", lines })),
  "a call in by a trunk": (net, lines) => {
    const text = message("INVITE", { uri: `sip:${NUMBER}@192.0.2.1`, lines });
    return () => net.transports.tcp.receive(text, { address: TRUNK, port: 5060 });
  },
  "a 407 of a trunk": responseOfTrunk,
  "a REGISTER": register,
  "a 200": response("200 OK"),
  "a 407": response("407 Proxy Authentication Required"),
};

/** More calls and bytes under way than any test here has. */
const UNHINDERED = {
  maxCallsInSetup: 10_000,
  maxCallsInSetupPerAgent: 10_000,
  maxCallsOutPerAgent: 0,
  maxCallsOutPerMinutePerAgent: 0,
  channelsPerGateway: 0,
  newCallsPerSecondPerGateway: 0,
  maxPendingBytes: 2 ** 32,
};

/** Bob is registered, a trunk has a number that rings him; nobody is asked for a password, but in order to register. */
export async function startNetwork(limits: Readonly<Record<string, number>> = {}): Promise<Network> {
  const spec = { allowUnauthenticatedCalls: true, limits: { ...UNHINDERED, ...limits } };
  const resources = [DOMAIN, gatewayAt(TRUNK, { transport: "tcp" }), DID];
  const net = await Network.start({ ...WORLD, resources, spec: { ...spec, access: { preset: "off" } } });
  net.registered("bob");
  return net;
}

/** Throws away what the server has sent. */
export function drain(net: Network): void {
  for (const transport of Object.values(net.transports)) {
    for (const flow of transport.flows) flow.sent.length = 0;
  }
}
