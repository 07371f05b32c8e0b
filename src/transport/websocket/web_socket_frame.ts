/** WebSocket frames of one whole message (RFC 6455 §5.2). */
import { Buffer, isUtf8 } from "node:buffer";

const TEXT = 0x81;
const BINARY = 0x82;
const MASKED = 0x80;
const LENGTH_IN_2_BYTES = 126;
const LENGTH_IN_8_BYTES = 127;

/**
 * Returns the frame of a message, one byte a character; binary when the message is no UTF-8.
 * @param isMasked true for a client
 */
export function webSocketFrame(text: string, isMasked: boolean): string {
  const header = isText(text) ? TEXT : BINARY;
  if (!isMasked) return String.fromCharCode(header, ...lengthOf(text.length, 0)) + text;
  const mask = crypto.getRandomValues(new Uint8Array(4));
  const masked = Buffer.from(text, "latin1");
  for (let i = 0; i < masked.length; i++) masked[i] ^= mask[i & 3];
  return String.fromCharCode(header, ...lengthOf(text.length, MASKED), ...mask) + masked.toString("latin1");
}

function lengthOf(length: number, masked: number): number[] {
  if (length < LENGTH_IN_2_BYTES) return [masked | length];
  if (length < 65536) return [masked | LENGTH_IN_2_BYTES, length >> 8, length & 255];
  const low = [24, 16, 8, 0].map((shift) => length >> shift & 255);
  return [masked | LENGTH_IN_8_BYTES, 0, 0, 0, 0, ...low];
}

/** Reports whether a text is UTF-8, as ASCII is. */
function isText(text: string): boolean {
  return !/[\x80-\xff]/.test(text) || isUtf8(Buffer.from(text, "latin1"));
}
