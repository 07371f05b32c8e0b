/**
 * The messages of RFC 4475, bytes as in the archive of its appendix A. Where archive and text differ the archive wins:
 * baddn ends without the empty line, dblreq has two before its second part, and trws says "host1.examle.com".
 * The archive's fiftieth file, test.dat, is not part of the RFC's text and not of this folder.
 */
import { Buffer } from "node:buffer";

const folder = new URL("./messages/", import.meta.url);

/** Returns the datagram of `messages/<name>.dat`. */
export function readDatagram(name: string): Uint8Array {
  return Deno.readFileSync(new URL(`${name}.dat`, folder));
}

/** Returns the datagram as text for the parser, one character a byte. */
export function readText(name: string): string {
  return latin1(readDatagram(name));
}

/** Bytes as characters 0 to 255. (`TextDecoder("latin1")` is windows-1252, which moves 0x80 to 0x9f.) */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

export function latin1Bytes(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

/** Names of all files in `messages/`, without `.dat`, sorted. */
export function storedNames(): string[] {
  return [...Deno.readDirSync(folder)].map((entry) => entry.name.replace(/\.dat$/, "")).sort();
}
