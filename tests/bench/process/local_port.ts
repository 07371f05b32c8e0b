// Ports on this host: finding a free one, and waiting until a process has bound its own.

import { setTimeout as delay } from "node:timers/promises";

// Below the ephemeral range (from 32768 on): nobody is given these by asking for port 0 in between.
const LOWEST = 20000;
const HIGHEST = 32000;
const taken = new Set<number>();

/** A port nobody has bound now, for UDP or TCP; never the same twice in one run. */
export function freePort(): number {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (taken.has(port) || boundPorts("udp").has(port) || boundPorts("tcp").has(port)) continue;
    taken.add(port);
    return port;
  }
}

/** Waits until some process has bound the port, at most `timeout` milliseconds; false when none did. */
export async function untilPortBound(
  protocol: "udp" | "tcp",
  port: number,
  timeout = 5000,
): Promise<boolean> {
  const deadline = performance.now() + timeout;
  while (performance.now() < deadline) {
    if (boundPorts(protocol).has(port)) return true;
    await delay(10);
  }
  return false;
}

/** In /proc/net/udp and /proc/net/tcp the second column is the local address, `0100007F:1F90`. */
function boundPorts(protocol: "udp" | "tcp"): Set<number> {
  const ports = new Set<number>();
  for (const line of Deno.readTextFileSync(`/proc/net/${protocol}`).split("\n").slice(1)) {
    const local = line.trim().split(/\s+/)[1];
    if (local) ports.add(parseInt(local.split(":")[1], 16));
  }
  return ports;
}
