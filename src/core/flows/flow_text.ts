/** Flows as short texts without dots for the user part of a URI (§25.1): flow tokens (RFC 5626 §5.3). */
import { BoundedMap } from "../../runtime/bounded_map.ts";
import { toSocketHost } from "../../runtime/ip/ip_address.ts";
import type { Flow } from "../../transport/transport.ts";
import type { TransportLayer } from "../../transport/transport_layer.ts";
import { codeAt } from "../../runtime/text.ts";

/** Flows remembered with their texts, because few flows appear in many messages. */
const MAX_REMEMBERED = 16_384;

export class FlowTexts {
  readonly #transport: TransportLayer;
  readonly #epoch: string;
  readonly #texts = new BoundedMap<number, string>(MAX_REMEMBERED);
  readonly #flows = new BoundedMap<string, Flow>(MAX_REMEMBERED);

  /** @param epoch letters and digits unique to this process: connections end with it */
  constructor(transport: TransportLayer, epoch: string) {
    this.#transport = transport;
    this.#epoch = epoch;
  }

  textOf(flow: Flow): string {
    let text = this.#texts.get(flow.id);
    if (text !== undefined) return text;
    text = this.#format(flow);
    this.#texts.set(flow.id, text);
    return text;
  }

  /** Finds the flow of a text; undefined for a closed connection that was made by the peer. */
  find(text: string): Flow | undefined {
    const known = this.#flows.get(text);
    if (known?.isOpen) return known;
    const flow = this.#parse(text);
    if (flow) this.#flows.set(text, flow);
    return flow;
  }

  /**
   * Writes `c1a-x7Kd`: connection 46 of this process, made by the peer. `a0-7f000001-13c4`: 127.0.0.1:5060 by transport 0.
   * `a1-7f000001-13c5-sip~example~com`: likewise with a certificate for sip.example.com.
   */
  #format(flow: Flow): string {
    if (flow.isConnection && flow.isInbound) return `c${flow.id.toString(36)}-${this.#epoch}`;
    const host = toSocketHost(flow.remoteAddress);
    const address = host.includes(":") ? host.replaceAll(":", "_") : host.split(".").map(hexByte).join("");
    const transport = this.#transport.indexOf(flow.transport).toString(36);
    const text = `a${transport}-${address}-${flow.remotePort.toString(16)}`;
    return flow.domain === undefined ? text : `${text}-${escapeDomain(flow.domain)}`;
  }

  #parse(text: string): Flow | undefined {
    const [first, second, port, ...domain] = text.slice(1).split("-");
    if (codeAt(text, 0) === 99) {
      return second === this.#epoch ? this.#transport.connection(parseInt(first, 36)) : undefined;
    }
    const host = second.includes("_") ? `[${second.replaceAll("_", ":")}]` : decimalAddress(second);
    return this.#transport.transportAt(parseInt(first, 36))?.flowTo(
      host,
      parseInt(port, 16),
      domain.length === 0 ? undefined : unescapeDomain(domain.join("-")),
    );
  }
}

function hexByte(decimal: string): string {
  return Number(decimal).toString(16).padStart(2, "0");
}

function decimalAddress(hex: string): string {
  return hex.match(/../g)!.map((byte) => parseInt(byte, 16)).join(".");
}

/** Replaces dots, which end a flow. Domains have neither tildes nor parentheses, and only IPv6 addresses have colons. */
function escapeDomain(domain: string): string {
  return domain.replaceAll(".", "~").replaceAll(":", "_").replace("[", "(").replace("]", ")");
}

function unescapeDomain(text: string): string {
  const domain = text.replaceAll("~", ".");
  return domain.startsWith("(") ? `[${domain.slice(1, -1).replaceAll("_", ":")}]` : domain;
}
