/** Handshakes of SIP over WebSocket (RFC 7118), on either side. */
import { Buffer } from "node:buffer";
import type net from "node:net";
// @ts-types="./ws.d.ts"
import { WebSocket, type WebSocketOptions, WebSocketServer } from "ws";
import type { Carrier, CarryEvents } from "../connection_transport.ts";
import { type HttpHead, readHttpHead } from "./http_head.ts";
import { WebSocketWire } from "./web_socket_wire.ts";

const SUBPROTOCOL = "sip";
const CLOSE_TIMEOUT = 1000;
/** Frames of one message, and pieces of one frame; each costs much more than its bytes. */
const MAX_FRAGMENTS = 64;
const MAX_CHUNKS = 4096;

export class WebSocketCarrier implements Carrier {
  readonly #scheme: "ws" | "wss";
  readonly #options: WebSocketOptions;
  readonly #server: WebSocketServer;
  /** Receivers of the results of handshakes, by socket. */
  readonly #handshakes = new WeakMap<net.Socket, CarryEvents>();

  constructor(scheme: "ws" | "wss", maxMessageSize: number) {
    this.#scheme = scheme;
    this.#options = {
      perMessageDeflate: false,
      maxPayload: maxMessageSize,
      // SIP is bytes, which the parser checks.
      skipUTF8Validation: true,
      closeTimeout: CLOSE_TIMEOUT,
      maxFragments: MAX_FRAGMENTS,
      maxBufferedChunks: MAX_CHUNKS,
    };
    this.#server = new WebSocketServer({
      ...this.#options,
      noServer: true,
      clientTracking: false,
      handleProtocols: () => SUBPROTOCOL,
    });
    this.#server.on("wsClientError", (error, socket) => {
      const on = this.#handshakes.get(socket);
      if (on) refuse(socket, error.message, on);
    });
  }

  accept(socket: net.Socket, on: CarryEvents): void {
    readHttpHead(socket, (head, rest) => {
      const fault = faultOf(head);
      if (!head || fault !== undefined) return refuse(socket, fault ?? "This is not HTTP/1.1", on);
      this.#handshakes.set(socket, on);
      this.#server.handleUpgrade(head, socket, Buffer.from(rest, "latin1"), (webSocket) => {
        on.carried((events) => new WebSocketWire(webSocket, { socket, isClient: false }, events));
      });
    });
  }

  connect(socket: net.Socket, host: string, on: CarryEvents): void {
    let webSocket: WebSocket;
    try {
      webSocket = new WebSocket(`${this.#scheme}://${host}/`, SUBPROTOCOL, {
        ...this.#options,
        createConnection: () => socket,
      });
    } catch (error) {
      socket.destroy();
      return on.refused(error instanceof Error ? error.message : String(error));
    }
    const onFailure = (error: Error) => on.refused(error.message);
    webSocket.once("error", onFailure);
    webSocket.once("open", () => {
      webSocket.off("error", onFailure);
      if (webSocket.protocol === SUBPROTOCOL) {
        on.carried((events) => new WebSocketWire(webSocket, { socket, isClient: true }, events));
      } else {
        webSocket.terminate();
        on.refused("Server does not speak SIP over WebSocket");
      }
    });
  }
}

/** Returns the fault of a request for an upgrade, undefined for none (RFC 7118 §4.1). */
function faultOf(head: HttpHead | undefined): string | undefined {
  if (!head) return "This is not HTTP/1.1";
  const { headers } = head;
  if (head.method !== "GET" || headers.upgrade?.toLowerCase() !== "websocket") {
    return "This is SIP over WebSocket";
  }
  // A proxy in front must not read the request otherwise.
  const options = headers.connection?.split(",").map((option) => option.trim().toLowerCase()) ?? [];
  if (!options.includes("upgrade") || headers.host === undefined) {
    return "Host or Connection: Upgrade is missing";
  }
  if ("content-length" in headers || "transfer-encoding" in headers) return "There must be no body";
  const protocols = headers["sec-websocket-protocol"]?.split(",").map((name) => name.trim().toLowerCase());
  return protocols?.includes(SUBPROTOCOL) ? undefined : `The WebSocket subprotocol has to be ${SUBPROTOCOL}`;
}

function refuse(socket: net.Socket, reason: string, on: CarryEvents): void {
  on.refused(reason);
  socket.write(
    "HTTP/1.1 400 Bad Request\r\nSec-WebSocket-Version: 13\r\nConnection: close\r\nContent-Type: text/plain\r\n" +
      `Content-Length: ${reason.length + 1}\r\n\r\n${reason}\n`,
  );
  socket.destroySoon();
}
