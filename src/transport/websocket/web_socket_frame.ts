/** WebSocket frames to send (RFC 6455 §5.2). */
import { Buffer, isUtf8 } from "node:buffer";

const FINAL = 0x80;
const TEXT = 1;
const BINARY = 2;
const MASKED = 0x80;
const LENGTH_IN_2_BYTES = 126;
const LENGTH_IN_8_BYTES = 127;

/** Control frames (§5.5). */
export const CONTROL = { close: 8, ping: 9, pong: 10 } as const;

/** Returns the head of the frame of an unmasked message; binary when the message is no UTF-8. */
export function frameHead(text: string): string {
  return headOf(isText(text) ? TEXT : BINARY, text.length);
}

/** Returns the frame of a masked message, one byte a character. */
export function maskedFrame(text: string): string {
  return frameOf(isText(text) ? TEXT : BINARY, text, true);
}

/** Returns a control frame with at most 125 bytes. */
export function controlFrame(kind: keyof typeof CONTROL, text: string, isMasked: boolean): string {
  return frameOf(CONTROL[kind], text, isMasked);
}

function frameOf(opcode: number, text: string, isMasked: boolean): string {
  if (!isMasked) return headOf(opcode, text.length) + text;
  const mask = crypto.getRandomValues(new Uint8Array(4));
  const masked = Buffer.from(text, "latin1");
  for (let i = 0; i < masked.length; i++) masked[i] ^= mask[i & 3];
  return headOf(opcode, text.length, MASKED) + String.fromCharCode(...mask) + masked.toString("latin1");
}

function headOf(opcode: number, length: number, masked = 0): string {
  const first = FINAL | opcode;
  if (length < LENGTH_IN_2_BYTES) return String.fromCharCode(first, masked | length);
  if (length < 65536) {
    return String.fromCharCode(first, masked | LENGTH_IN_2_BYTES, length >> 8, length & 255);
  }
  const low = [24, 16, 8, 0].map((shift) => length >> shift & 255);
  return String.fromCharCode(first, masked | LENGTH_IN_8_BYTES, 0, 0, 0, 0, ...low);
}

/** Reports whether a text is UTF-8, as ASCII is. */
function isText(text: string): boolean {
  return !/[\x80-\xff]/.test(text) || isUtf8(Buffer.from(text, "latin1"));
}
