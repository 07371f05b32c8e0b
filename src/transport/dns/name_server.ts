/** The endpoint of a name server. */
import ipaddr from "ipaddr.js";

const PORT = 53;

export interface NameServer {
  /** In socket form: `127.0.0.1`, `::1`. */
  readonly address: string;
  readonly port: number;
}

/** Parses `192.0.2.1`, `192.0.2.1:5353`, `::1` or `[::1]:5353`; undefined for anything else. */
export function readNameServer(text: string): NameServer | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const address = bracketed ?? plain ?? text;
  const port = digits === undefined ? PORT : Number(digits);
  const isWellFormed = bracketed === undefined ? ipaddr.isValid(address) : ipaddr.IPv6.isValid(address);
  if (!isWellFormed || port < 1 || port > 65_535) return undefined;
  // A link-local server cannot be asked: sockets of the runtime cannot name the link.
  if (address.includes("%") || !address.includes(":") && !ipaddr.IPv4.isValidFourPartDecimal(address)) {
    return undefined;
  }
  return { address: ipaddr.process(address).toString(), port };
}

/** Returns `127.0.0.1:53` or `[::1]:53`. */
export function formatNameServer({ address, port }: NameServer): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
