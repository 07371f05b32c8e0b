/**
 * Holes in messages: what is known only when a message is sent, such as a nonce or the flow token of a live dialog. In a
 * text a hole is one character that no byte has, so that mutations move and copy it like any other; in print it stands
 * between ‹ and ›.
 *
 *     server                       host and port of the server, for the wire that sends
 *     at WIRE                      host and port of a wire
 *     nonce, count, uri            for credentials: latest nonce of the sender, its next count, Request-URI
 *     response USER ALGORITHM [URI]  the digest of the message that it stands in
 *     all WIRE MESSAGE HEADER      every value of a header, in rows
 *     first, rest WIRE MESSAGE …   its first value; the others in rows
 *     tag, contact WIRE MESSAGE …  the tag or the URI in its first value
 *     branch WIRE MESSAGE          the branch of the top Via
 *     token WIRE MESSAGE [PART]    the flow token of the top Record-Route entry, or a part of it
 *
 * MESSAGE is the latest request with a method, `INVITE`, or the latest response, `200/INVITE` or `2xx/INVITE`.
 */

const FIRST = 0xe000;
const LAST = 0xf8ff;
const HOLES = /[\ue000-\uf8ff]/g;

const specifications: string[] = [];
const characters = new Map<string, string>();

/** Returns the character of a hole. */
export function hole(specification: string): string {
  const known = characters.get(specification);
  if (known !== undefined) return known;
  const code = FIRST + specifications.length;
  if (code > LAST) throw new RangeError(`Cannot make another hole: ${specification}`);
  const character = String.fromCharCode(code);
  specifications.push(specification);
  characters.set(specification, character);
  return character;
}

/** Returns the words of each hole in a text, in order. */
export function holesIn(text: string): string[][] {
  return [...text.matchAll(HOLES)].map(([character]) => wordsOf(character));
}

/** Puts a value into each hole. */
export function fillHoles(text: string, valueOf: (words: readonly string[]) => string): string {
  return text.replace(HOLES, (character) => valueOf(wordsOf(character)));
}

/** Returns the text with readable holes. */
export function showHoles(text: string): string {
  return fillHoles(text, (words) => `‹${words.join(" ")}›`);
}

/** Returns the text with a hole for each `‹specification›`. */
export function readHoles(text: string): string {
  return text.replace(/‹([^›]*)›/g, (_, specification) => hole(specification));
}

function wordsOf(character: string): string[] {
  return specifications[character.charCodeAt(0) - FIRST].split(" ");
}
