/** Unguessable tokens for tags, branches and nonces. */

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";
const PAIRS: readonly string[] = Array.from({ length: 1024 }, (_, i) => ALPHABET[i >> 5] + ALPHABET[i & 31]);
const pool = new Uint16Array(4096);
let used = pool.length;

/**
 * Returns twelve letters and digits, 60 random bits, in lower case because SIP tokens ignore case. Random numbers are
 * drawn from the system 4096 at a time.
 */
export function randomToken(): string {
  if (used + 6 > pool.length) {
    crypto.getRandomValues(pool);
    used = 0;
  }
  const i = used;
  used += 6;
  return PAIRS[pool[i] & 1023] + PAIRS[pool[i + 1] & 1023] + PAIRS[pool[i + 2] & 1023] +
    PAIRS[pool[i + 3] & 1023] + PAIRS[pool[i + 4] & 1023] + PAIRS[pool[i + 5] & 1023];
}

/** Returns a random 32-bit integer, such as the seed of a hash table that peers fill. */
export function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0];
}
