/** The STUN request that SIP uses, for the source address of a datagram (RFC 5626 §3.5.2, RFC 5389). */
import { addressBytes, isIpv6 } from "../runtime/ip/ip_address.ts";
import { codeAt, cut } from "../runtime/text.ts";

const HEADER = 20;
const MAGIC_COOKIE = "\x21\x12\xa4\x42";
const BINDING_REQUEST = "\x00\x01";
const BINDING_SUCCESS = "\x01\x01";
const XOR_MAPPED_ADDRESS = "\x00\x20";

/** Returns the response to a Binding request, one byte a character; undefined for another datagram. */
export function answerStun(datagram: string, address: string, port: number): string | undefined {
  if (datagram.length < HEADER || !datagram.startsWith(BINDING_REQUEST)) return undefined;
  if (cut(datagram, 4, 8) !== MAGIC_COOKIE || read16(datagram, 2) !== datagram.length - HEADER) {
    return undefined;
  }
  const bytes = addressBytes(address);
  // The address is masked with cookie and transaction id, which hides it from meddling routers.
  const mask = cut(datagram, 4, HEADER);
  const value = `\x00${isIpv6(address) ? "\x02" : "\x01"}${xor([port >> 8, port & 255], mask)}${
    xor(bytes, mask)
  }`;
  return `${BINDING_SUCCESS}${text16(4 + value.length)}${mask}${XOR_MAPPED_ADDRESS}${
    text16(value.length)
  }${value}`;
}

function read16(text: string, at: number): number {
  return codeAt(text, at) << 8 | codeAt(text, at + 1);
}

function text16(value: number): string {
  return String.fromCharCode(value >> 8, value & 255);
}

function xor(bytes: ArrayLike<number>, mask: string): string {
  return String.fromCharCode(...Array.from(bytes, (byte, i) => byte ^ codeAt(mask, i)));
}
