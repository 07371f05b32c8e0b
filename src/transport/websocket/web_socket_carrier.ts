/** Carries SIP in WebSockets (RFC 7118), after the handshake of either side. */
import type { Buffer } from "node:buffer";
import type { ByteStream } from "../byte_stream.ts";
import type { Carrier, CarryEvents } from "../connection_transport.ts";
import { acceptance, faultOfRequest, faultOfResponse, newKey, rejection, requestFor } from "./handshake.ts";
import { parseHttpHead, readHttpHead } from "./http_head.ts";
import type { WebSocketReaderOptions } from "./web_socket_reader.ts";
import { WebSocketWire } from "./web_socket_wire.ts";

export class WebSocketCarrier implements Carrier {
  readonly #scheme: "ws" | "wss";
  readonly #asServer: WebSocketReaderOptions;
  readonly #asClient: WebSocketReaderOptions;

  constructor(scheme: "ws" | "wss", maxMessageSize: number) {
    this.#scheme = scheme;
    this.#asServer = { isClient: false, maxMessageSize };
    this.#asClient = { isClient: true, maxMessageSize };
  }

  accept(stream: ByteStream, on: CarryEvents): void {
    readHttpHead(stream, {
      onHead: (text, rest) => {
        const head = text === undefined ? undefined : parseHttpHead(text);
        const fault = faultOfRequest(head);
        if (!head || fault !== undefined) return refuse(stream, fault ?? "", on);
        stream.write(acceptance(head), 0);
        begin(stream, { options: this.#asServer, rest, on });
      },
      onClosed: () => {},
    });
  }

  connect(stream: ByteStream, host: string, on: CarryEvents): void {
    const url = `${this.#scheme}://${host}/`;
    if (!URL.canParse(url)) return on.refused(`Invalid URL: ${url}`);
    const key = newKey();
    readHttpHead(stream, {
      onHead: (text, rest) => {
        const fault = faultOfResponse(text, key);
        if (fault !== undefined) return on.refused(fault);
        begin(stream, { options: this.#asClient, rest, on });
      },
      onClosed: (reason) => on.refused(reason),
    });
    stream.write(requestFor(new URL(url).host, key), 0);
  }
}

/** @param rest the bytes that came together with the handshake */
function begin(
  stream: ByteStream,
  { options, rest, on }: {
    options: WebSocketReaderOptions;
    rest: Buffer;
    on: CarryEvents;
  },
): void {
  let wire: WebSocketWire | undefined;
  on.carried((events) => wire = new WebSocketWire(stream, options, events));
  if (rest.length > 0) wire?.onBytes(rest, rest.length);
}

function refuse(stream: ByteStream, reason: string, on: CarryEvents): void {
  on.refused(reason);
  stream.write(rejection(reason), 0);
  stream.finish();
}
