import type { Did } from "./did.ts";
import type { Directory } from "./directory.ts";

/** Characters of a number, punctuation included; there are no more than 15 digits (E.164). */
const MAX_NUMBER = 64;

/** With a plus sign E.164 has 15 digits at most; without one, fewer than 11 could as well be a national number. */
const GLOBAL_NUMBER = /^(?:\+|00)([1-9]\d{6,14})$|^([1-9]\d{10,14})$/;

/**
 * A number in its global form, `+17066041487` for `1-706-604-1487` or `0017066041487`; undefined for what is none, or may
 * be one of a country.
 */
export function globalNumber(user: string): string | undefined {
  if (user.length > MAX_NUMBER || !/^\+?[\d().-]+$/.test(user)) return undefined;
  const [, marked, unmarked] = GLOBAL_NUMBER.exec(user.replace(/[().-]/g, "")) ?? [];
  const digits = marked ?? unmarked;
  return digits && `+${digits}`;
}

/** The DID that a user part is the number of: `+1 (706) 604-1487` in any spelling, without regard to the plus sign. */
export function didOfUser(directory: Directory, user: string): Did | undefined {
  const end = user.indexOf(";");
  const number = end < 0 ? user : user.substring(0, end);
  // What was dialled may be as long as a message: each character is looked at once.
  if (number.length > MAX_NUMBER || !/^\+?[\d().-]+$/.test(number)) return undefined;
  return directory.didByTelUrl(number.replace(/\D/g, ""));
}
