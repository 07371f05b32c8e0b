/** XXH32 of the xxHash family, as specified in "xxHash fast digest algorithm", revision 0.1.1. */

const PRIME1 = 0x9e3779b1;
const PRIME2 = 0x85ebca77;
const PRIME3 = 0xc2b2ae3d;
const PRIME4 = 0x27d4eb2f;
const PRIME5 = 0x165667b1;

const STRIPE = 16;

/** Returns the hash of `input` as an unsigned 32-bit number. */
export function xxh32(input: Uint8Array, seed: number): number {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  let position = 0;
  let hash = (seed + PRIME5) | 0;
  if (input.length >= STRIPE) {
    const lanes = [(seed + PRIME1 + PRIME2) | 0, (seed + PRIME2) | 0, seed | 0, (seed - PRIME1) | 0];
    for (; position + STRIPE <= input.length; position += STRIPE) {
      for (let lane = 0; lane < 4; lane++) {
        const word = view.getUint32(position + 4 * lane, true);
        lanes[lane] = Math.imul(rotateLeft(lanes[lane] + Math.imul(word, PRIME2), 13), PRIME1);
      }
    }
    hash = rotateLeft(lanes[0], 1) + rotateLeft(lanes[1], 7) + rotateLeft(lanes[2], 12) +
      rotateLeft(lanes[3], 18);
  }
  hash = (hash + input.length) | 0;
  for (; position + 4 <= input.length; position += 4) {
    hash = Math.imul(rotateLeft(hash + Math.imul(view.getUint32(position, true), PRIME3), 17), PRIME4);
  }
  for (; position < input.length; position++) {
    hash = Math.imul(rotateLeft(hash + Math.imul(input[position], PRIME5), 11), PRIME1);
  }
  hash = Math.imul(hash ^ (hash >>> 15), PRIME2);
  hash = Math.imul(hash ^ (hash >>> 13), PRIME3);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
