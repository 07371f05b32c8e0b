/** Secrets that are publicly known, and secrets that are soon guessed. */

/** The secrets in the samples of all releases. */
const SAMPLE_SECRETS: ReadonlySet<string> = new Set([
  "1234",
  "changeit",
  "changeme",
  "astsecret",
  "yoursecret",
]);

export const MIN_SECRET_LENGTH = 8;
/** Ten digits have as many values as six letters and digits. */
export const MIN_DIGITS = 10;

/** Words that are tried first, with and without digits and punctuation around them. */
const COMMON =
  /^[^a-z]*(?:admin|administrator|asterisk|astsecret|change(?:it|me)|default|letmein|passw(?:or[dt]|0rd)|qwert[yz]|secret|test|user|welcome|yoursecret)[^a-z]*$/;
/** A longer secret has more in it than a common word. */
const MAX_COMMON_LENGTH = 20;

/** Reports whether a secret is that of a sample, so that everybody knows it. */
export function isSampleSecret(secret: string): boolean {
  return SAMPLE_SECRETS.has(secret);
}

/** Reports whether a secret is short, common, or made of the username. */
export function isWeakSecret({ username, secret }: { username: string; secret: string }): boolean {
  if (secret.length < MIN_SECRET_LENGTH) return true;
  if (isOfDigits(secret) && secret.length < MIN_DIGITS || isSequence(secret)) return true;
  const text = secret.toLowerCase();
  return text.length <= MAX_COMMON_LENGTH && COMMON.test(text) || isMadeOf(username.toLowerCase(), text);
}

function isOfDigits(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (!isDigitAt(text, at)) return false;
  return true;
}

/** Reports whether each character is the one before, or the next to it: `aaaaaaaa`, `1234567890`, `hgfedcba`. */
function isSequence(text: string): boolean {
  const step = stepAt(text, 1);
  if (Math.abs(step) > 1) return false;
  for (let at = 2; at < text.length; at++) if (stepAt(text, at) !== step) return false;
  return true;
}

/** Returns the distance of a character to the one before. 0 comes after 9. */
function stepAt(text: string, at: number): number {
  const step = text.charCodeAt(at) - text.charCodeAt(at - 1);
  return Math.abs(step) === 9 && isDigitAt(text, at) && isDigitAt(text, at - 1) ? -Math.sign(step) : step;
}

function isDigitAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 48 && code <= 57;
}

/** Reports whether a text is the name, forwards or backwards, once or more, with nothing but digits and punctuation. */
function isMadeOf(name: string, text: string): boolean {
  if (name === "" || !text.includes(name) && !includesBackwards(text, name)) return false;
  const backwards = Array.from(name).reverse().join("");
  return !/\p{Letter}/u.test(text.replaceAll(name, "").replaceAll(backwards, ""));
}

/** Reports whether a text contains another one backwards. Nothing is made for that, since most do not. */
function includesBackwards(text: string, name: string): boolean {
  const last = name.length - 1;
  for (let start = 0; start + last < text.length; start++) {
    let at = 0;
    while (at <= last && text.charCodeAt(start + at) === name.charCodeAt(last - at)) at++;
    if (at > last) return true;
  }
  return false;
}
