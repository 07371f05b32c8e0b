import type { Did } from "./did.ts";
import type { Directory } from "./directory.ts";

/** Characters of a number, punctuation included; there are no more than 15 digits (E.164). */
const MAX_NUMBER = 64;

/** The DID that a user part is the number of: `+1 (706) 604-1487` in any spelling, without regard to the plus sign. */
export function didOfUser(directory: Directory, user: string): Did | undefined {
  const end = user.indexOf(";");
  const number = end < 0 ? user : user.substring(0, end);
  // What was dialled may be as long as a message: each character is looked at once.
  if (number.length > MAX_NUMBER || !/^\+?[\d().-]+$/.test(number)) return undefined;
  return directory.didByTelUrl(number.replace(/\D/g, ""));
}
