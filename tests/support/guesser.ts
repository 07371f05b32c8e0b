/** Somebody who guesses passwords, from as many addresses and ports as he likes. */
import type { Phone } from "./phone.ts";
import type { Network } from "./scenario.ts";
import { withCredentials } from "./sip_text.ts";

export interface GuesserOptions {
  readonly address: string;
  readonly port?: number;
  readonly protocol?: "udp" | "tcp";
  /** Whose password is guessed. */
  readonly username?: string;
}

/** Where he is, as a phone has it: the user it is named after is the one whose password is guessed. */
export function guesser(net: Network, options: GuesserOptions): Phone {
  const { address, port = 40000, protocol = "udp", username = "bob" } = options;
  return net.phone(username, { address, port, protocol });
}

/** Asks for a challenge; undefined when there is no answer. */
export function challengeFor(phone: Phone): { request: string; challenge: string } | undefined {
  const request = phone.send("REGISTER sip:sip.local SIP/2.0");
  const [challenge] = phone.takeAll();
  return challenge === undefined ? undefined : { request, challenge };
}

/** Tries one password with a challenge of one's own; returns the answer, undefined for silence. */
export function guess(phone: Phone, secret = "wrong"): string | undefined {
  const challenged = challengeFor(phone);
  if (!challenged) return undefined;
  phone.authenticate(challenged.request, challenged.challenge, { secret });
  return phone.takeAll()[0];
}

/** Tries passwords until there is silence; returns how many were answered. */
export function guessOn(phone: Phone, most: number, between: () => void = () => {}): number {
  for (let answered = 0; answered < most; answered++) {
    if (guess(phone, `wrong ${answered}`) === undefined) return answered;
    between();
  }
  return most;
}

/** Tries a password with a challenge that somebody else got; returns the answer, undefined for silence. */
export function guessWith(phone: Phone, challenge: string, secret = "wrong"): string | undefined {
  const request = phone.send("REGISTER sip:sip.local SIP/2.0");
  phone.takeAll();
  const { username } = phone;
  phone.sendAsIs(withCredentials(request, challenge, { username, secret }));
  return phone.takeAll()[0];
}
