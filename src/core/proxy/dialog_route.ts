/**
 * Our Record-Route entries, and the Route entries they come back as (§16.6 step 4, RFC 5658).
 *
 *     <sip:SEAL.CALLER.CALLEE@host:port;transport=tcp;lr>
 *           │    │      └ flow to the callee, or "" when its Contact can be reached as it stands
 *           │    └ flow to the caller, likewise
 *           └ keyed digest of Call-ID, the caller's tag and both flows
 *
 * The seal makes a Route that was never ours worthless: requests within a dialog are not authenticated, so only those
 * of dialogs that we let begin may pass.
 */
import { hash } from "node:crypto";
import type { SipRequest } from "../../message/sip_message.ts";
import type { SipUri } from "../../message/sip_uri.ts";
import { toSocketHost } from "../../transport/ip_address.ts";
import type { Flow } from "../../transport/transport.ts";
import type { TransportLayer } from "../../transport/transport_layer.ts";

const SEAL_LENGTH = 16;

/** Where a request within a dialog goes. */
export interface DialogRoute {
  /** The flow to the far side; undefined when the Request-URI tells. */
  readonly flow: Flow | undefined;
  /** The flow was a connection, and is closed (RFC 5626 §5.3.1: 430). */
  readonly isFlowLost: boolean;
}

/** Who is at the ends of a dialog, as far as their Contacts do not say it. */
export interface DialogEnds {
  readonly caller: Flow | undefined;
  readonly callee: Flow | undefined;
}

/** Makes and reads the user part of our Record-Route entries. */
export class DialogRoutes {
  readonly #transport: TransportLayer;
  readonly #key: string;

  /** @param key a secret of this server; entries made with another key are not recognised */
  constructor(transport: TransportLayer, key: string) {
    this.#transport = transport;
    this.#key = key;
  }

  /** The user part for a request that begins a dialog. */
  seal(request: SipRequest, ends: DialogEnds): string {
    const flows = `${formatFlow(ends.caller)}.${formatFlow(ends.callee)}`;
    return `${this.#digest(request.callId, request.from.tag, flows)}.${flows}`;
  }

  /** Where the entry sends a request of its dialog; undefined when the entry is not of this dialog, or not ours. */
  open(uri: SipUri, request: SipRequest): DialogRoute | undefined {
    const { user } = uri;
    if (user === undefined || user.charCodeAt(SEAL_LENGTH) !== 46) return undefined;
    const seal = user.substring(0, SEAL_LENGTH);
    const flows = user.substring(SEAL_LENGTH + 1);
    const [caller, callee] = flows.split(".");
    if (seal === this.#digest(request.callId, request.from.tag, flows)) return this.#towards(callee);
    if (seal === this.#digest(request.callId, request.to.tag, flows)) return this.#towards(caller);
    return undefined;
  }

  #digest(callId: string, callerTag: string, flows: string): string {
    return hash("sha256", `${this.#key} ${callId} ${callerTag} ${flows}`).substring(0, SEAL_LENGTH);
  }

  #towards(text: string): DialogRoute {
    if (text === "") return { flow: undefined, isFlowLost: false };
    if (text.charCodeAt(0) === 99) {
      const flow = this.#transport.connection(parseInt(text.slice(1), 36));
      return { flow, isFlowLost: flow === undefined };
    }
    const flow = this.#transport.flowTo({ protocol: "udp", ...parseAddress(text.slice(1)) });
    // Addresses need no look-up, so this is never a promise.
    return flow instanceof Promise
      ? { flow: undefined, isFlowLost: true }
      : { flow, isFlowLost: flow === undefined };
  }
}

/** `c1a` for connection 46, `u7f000001-13c4` for UDP to 127.0.0.1:5060. */
function formatFlow(flow: Flow | undefined): string {
  if (!flow) return "";
  if (flow.isConnection) return `c${flow.id.toString(36)}`;
  const host = toSocketHost(flow.remoteAddress);
  const address = host.includes(":") ? host.replaceAll(":", "_") : host.split(".").map(hexByte).join("");
  return `u${address}-${flow.remotePort.toString(16)}`;
}

function hexByte(decimal: string): string {
  return Number(decimal).toString(16).padStart(2, "0");
}

function parseAddress(text: string): { host: string; port: number } {
  const dash = text.indexOf("-");
  const address = text.slice(0, dash);
  const port = parseInt(text.slice(dash + 1), 16);
  if (address.includes("_")) return { host: `[${address.replaceAll("_", ":")}]`, port };
  return { host: address.match(/../g)!.map((byte) => parseInt(byte, 16)).join("."), port };
}
