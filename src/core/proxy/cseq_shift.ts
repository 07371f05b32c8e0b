/** Sequence numbers on a branch that has its own (§8.1.1.5, §22.2). */

/** Sequence numbers are less than 2³¹ (§8.1.1.5). */
const CSEQ_LIMIT = 2 ** 31;
/** Numbers that a dialog has left at its beginning, at least. */
const MIN_NUMBERS_LEFT = 2 ** 16;
/** Taken off the numbers of a caller that begins near the limit. */
const RENUMBERING = 2 ** 30;

/**
 * The difference between the sequence numbers of a branch and the caller's. Every challenge that is answered for the
 * caller takes a number (§22.2), and the numbers stay higher until the dialog ends. They are lower where the caller begins
 * near the limit.
 */
export class CSeqShift {
  #current: number;
  #ofInvite: number;
  /** The highest number that was given out. */
  #highest = 0;

  /** @param annotated the shift that the annotations of our flow token tell */
  constructor(annotated: number) {
    this.#current = annotated < RENUMBERING / 2 ? annotated : annotated - CSEQ_LIMIT;
    this.#ofInvite = this.#current;
  }

  /** Returns the shift for a request that begins a dialog, and for what follows within it. */
  static from(cseq: number): CSeqShift {
    return new CSeqShift(cseq < CSEQ_LIMIT - MIN_NUMBERS_LEFT ? 0 : CSEQ_LIMIT - RENUMBERING);
  }

  /** The shift of the next request, modulo 2³¹, as annotations tell it. */
  get current(): number {
    return this.#current < 0 ? this.#current + CSEQ_LIMIT : this.#current;
  }

  /** The shift of the latest INVITE, which its ACK shares, and PRACKs refer to. */
  get ofInvite(): number {
    return this.#ofInvite;
  }

  /** Reports whether the branch has a number for the request that the caller numbered `cseq`. */
  hasNumberFor(method: string, cseq: number): boolean {
    const number = cseq + (method === "ACK" ? this.#ofInvite : this.#current);
    return number >= 0 && number < CSEQ_LIMIT;
  }

  /** Returns the number to send for a request that the caller numbered `cseq`. */
  numberOf(method: string, cseq: number): number {
    if (method === "ACK") return cseq + this.#ofInvite;
    if (method === "INVITE") this.#ofInvite = this.#current;
    this.#highest = Math.max(this.#highest, cseq + this.#current);
    return cseq + this.#current;
  }

  /** Makes room for a repeat of that request: its number is above all that went out, other requests' included. */
  raise(cseq: number): void {
    this.#current = Math.max(this.#current + 1, this.#highest + 1 - cseq);
  }
}
