/** Unguessable tokens for tags, branches and nonces. */

/** Character codes of the 32 digits. */
const DIGITS = Uint8Array.from("abcdefghijklmnopqrstuvwxyz234567", (digit) => digit.charCodeAt(0));
const pool = new Uint32Array(2048);
let used = pool.length;

/**
 * Returns twelve letters and digits, 60 random bits, in lower case because SIP tokens ignore case. Random numbers are
 * drawn from the system 2048 at a time. All character codes at once make a flat string, without parts that become garbage.
 */
export function randomToken(): string {
  if (used === pool.length) {
    crypto.getRandomValues(pool);
    used = 0;
  }
  const a = pool[used++];
  const b = pool[used++];
  return String.fromCharCode(
    DIGITS[a & 31],
    DIGITS[a >>> 5 & 31],
    DIGITS[a >>> 10 & 31],
    DIGITS[a >>> 15 & 31],
    DIGITS[a >>> 20 & 31],
    DIGITS[a >>> 25 & 31],
    DIGITS[b & 31],
    DIGITS[b >>> 5 & 31],
    DIGITS[b >>> 10 & 31],
    DIGITS[b >>> 15 & 31],
    DIGITS[b >>> 20 & 31],
    DIGITS[b >>> 25 & 31],
  );
}

/** Returns a random 32-bit integer, such as the seed of a hash table that peers fill. */
export function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0];
}
