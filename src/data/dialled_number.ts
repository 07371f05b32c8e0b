import type { Did } from "./did.ts";
import type { Directory } from "./directory.ts";

/** A number has at most 15 digits (E.164), and punctuation. */
const MAX_NUMBER_LENGTH = 64;

/** E.164 has at most 15 digits after a plus sign; without one, fewer than 11 digits may be a national number. */
const GLOBAL_NUMBER = /^(?:\+|00)([1-9]\d{6,14})$|^([1-9]\d{10,14})$/;

/**
 * Returns the global form of a number, `+17066041487` for `1-706-604-1487` or `0017066041487`; undefined for other
 * users, and for numbers that may be national.
 */
export function globalNumber(user: string): string | undefined {
  if (user.length > MAX_NUMBER_LENGTH || !/^\+?[\d().-]+$/.test(user)) return undefined;
  const [, marked, unmarked] = GLOBAL_NUMBER.exec(user.replace(/[().-]/g, "")) ?? [];
  const digits = marked ?? unmarked;
  return digits && `+${digits}`;
}

/** Returns the DID whose number a user part is, in any spelling: `+1 (706) 604-1487`, with or without plus sign. */
export function didOfUser(directory: Directory, user: string): Did | undefined {
  const end = user.indexOf(";");
  const number = end < 0 ? user : user.substring(0, end);
  // A user part may be as long as a message; each character is examined once.
  if (number.length > MAX_NUMBER_LENGTH || !/^\+?[\d().-]+$/.test(number)) return undefined;
  return directory.didByTelUrl(number.replace(/\D/g, ""));
}
