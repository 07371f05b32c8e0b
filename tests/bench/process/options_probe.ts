// Sends OPTIONS until a server answers: the moment it serves.

import { freePort } from "./local_port.ts";

const INTERVAL = 2; // milliseconds between two requests

/** Whether 127.0.0.1:`port` answered within `timeout` milliseconds and before `signal` was aborted; resolves when it does. */
export async function untilServing(
  port: number,
  timeout: number,
  signal: AbortSignal,
): Promise<boolean> {
  const localPort = freePort();
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: localPort });
  const to: Deno.NetAddr = { transport: "udp", hostname: "127.0.0.1", port };
  let sent = 0;
  const sender = setInterval(
    () => socket.send(optionsRequest(localPort, sent++), to).catch(() => {}),
    INTERVAL,
  );
  const close = () => socket.close();
  const stop = AbortSignal.any([AbortSignal.timeout(timeout), signal]);
  stop.addEventListener("abort", close);
  try {
    await socket.receive();
    socket.close();
    return true;
  } catch {
    return false;
  } finally {
    stop.removeEventListener("abort", close);
    clearInterval(sender);
  }
}

/** The request with a number, which its Call-ID ends with. */
export function optionsRequest(localPort: number, number: number): Uint8Array {
  return new TextEncoder().encode(
    [
      "OPTIONS sip:sip.local SIP/2.0",
      `Via: SIP/2.0/UDP 127.0.0.1:${localPort};branch=z9hG4bKprobe${localPort}n${number};rport`,
      "Max-Forwards: 70",
      `From: <sip:probe@127.0.0.1:${localPort}>;tag=probe`,
      "To: <sip:sip.local>",
      `Call-ID: probe-${localPort}-${number}`,
      "CSeq: 1 OPTIONS",
      "Content-Length: 0",
      "\r\n",
    ].join("\r\n"),
  );
}
