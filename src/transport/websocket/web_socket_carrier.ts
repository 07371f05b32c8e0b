/** SIP over WebSocket (RFC 7118): the handshakes, on either side. */
import { Buffer } from "node:buffer";
import type net from "node:net";
// @ts-types="./ws.d.ts"
import { WebSocket, WebSocketServer } from "ws";
import type { Carrier, CarryEvents } from "../connection_transport.ts";
import { type HttpHead, readHttpHead } from "./http_head.ts";
import { WebSocketWire } from "./web_socket_wire.ts";

const SUBPROTOCOL = "sip";

export class WebSocketCarrier implements Carrier {
  readonly #scheme: "ws" | "wss";
  readonly #maxMessageSize: number;
  readonly #server: WebSocketServer;

  constructor(scheme: "ws" | "wss", maxMessageSize: number) {
    this.#scheme = scheme;
    this.#maxMessageSize = maxMessageSize;
    this.#server = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      clientTracking: false,
      maxPayload: maxMessageSize,
      skipUTF8Validation: true,
      handleProtocols: () => SUBPROTOCOL,
    });
  }

  accept(socket: net.Socket, on: CarryEvents): void {
    readHttpHead(socket, (head, rest) => {
      const fault = faultOf(head);
      if (!head || fault !== undefined) return refuse(socket, fault ?? "This is not HTTP/1.1", on);
      this.#server.handleUpgrade(head, socket, Buffer.from(rest, "latin1"), (webSocket) => {
        on.carried((events) => new WebSocketWire(webSocket, socket, events));
      });
    });
  }

  connect(socket: net.Socket, host: string, on: CarryEvents): void {
    const webSocket = new WebSocket(`${this.#scheme}://${host}/`, SUBPROTOCOL, {
      createConnection: () => socket,
      perMessageDeflate: false,
      maxPayload: this.#maxMessageSize,
      skipUTF8Validation: true,
    });
    const onFailure = (error: Error) => on.refused(error.message);
    webSocket.once("error", onFailure);
    webSocket.once("open", () => {
      webSocket.off("error", onFailure);
      if (webSocket.protocol === SUBPROTOCOL) {
        on.carried((events) => new WebSocketWire(webSocket, socket, events));
      } else {
        webSocket.terminate();
        on.refused("Server does not speak SIP over WebSocket");
      }
    });
  }
}

/** What is wrong with a request for an upgrade; undefined when it is one for us (RFC 7118 §4.1). */
function faultOf(head: HttpHead | undefined): string | undefined {
  if (!head) return "This is not HTTP/1.1";
  const { headers } = head;
  if (head.method !== "GET" || headers.upgrade?.toLowerCase() !== "websocket") {
    return "This is SIP over WebSocket";
  }
  const protocols = headers["sec-websocket-protocol"]?.split(",").map((name) => name.trim().toLowerCase());
  return protocols?.includes(SUBPROTOCOL) ? undefined : `The WebSocket subprotocol has to be ${SUBPROTOCOL}`;
}

function refuse(socket: net.Socket, reason: string, on: CarryEvents): void {
  on.refused(reason);
  socket.end(
    "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain\r\n" +
      `Content-Length: ${reason.length + 1}\r\n\r\n${reason}\n`,
  );
}
