/** The routers of this machine's networks, as Linux lists them (proc(5), `/proc/net/route`). */

const ROUTES = "/proc/net/route";
const GATEWAY_COLUMN = 2;

/** Returns the IPv4 addresses of routers; none where the system does not tell. */
export function routers(readText: (path: string) => string = Deno.readTextFileSync): string[] {
  try {
    return routersIn(readText(ROUTES));
  } catch {
    return [];
  }
}

/** Returns the gateways of a routing table: `eth0 00000000 010011AC …` has 172.17.0.1. */
function routersIn(table: string): string[] {
  const gateways = table.split("\n").slice(1).map((line) => line.split("\t")[GATEWAY_COLUMN] ?? "");
  const used = gateways.filter((gateway) => /^[0-9A-F]{8}$/.test(gateway) && gateway !== "00000000");
  return [...new Set(used)].map((gateway) => {
    // The number is in the byte order of the machine.
    const bytes = new Uint8Array(new Uint32Array([parseInt(gateway, 16)]).buffer);
    return bytes.join(".");
  });
}
