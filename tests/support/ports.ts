// Free ports on 127.0.0.1 for servers and phones that cannot be told "port 0".

const lowest = 20000;
const highest = 32000; // below the range the kernel gives to outgoing sockets
const attempts = 200;

/** Ports given out in this process, so that two peers that have not bound theirs yet never share one. */
const given = new Set<number>();

/**
 * A port on 127.0.0.1 that is free for UDP and TCP, and so are the `span - 1` ports after it.
 * (A phone that listens for TLS on the port after its own needs `span: 2`.)
 */
export function freePort({ span = 1 }: { span?: number } = {}): number {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const first = lowest + Math.floor(Math.random() * (highest - lowest - span));
    const ports = Array.from({ length: span }, (_, offset) => first + offset);
    if (!ports.every(isFree)) continue;
    for (const port of ports) given.add(port);
    return first;
  }
  throw new Error(`Cannot find ${span} free port(s) in a row on 127.0.0.1 after ${attempts} attempts`);
}

function isFree(port: number): boolean {
  if (given.has(port)) return false;
  const address = { hostname: "127.0.0.1", port };
  try {
    Deno.listen(address).close();
    Deno.listenDatagram({ ...address, transport: "udp" }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}
