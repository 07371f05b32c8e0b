/** One binding of an address-of-record to a Contact (§10.3). */

/** What a binding needs to know of the flow its registration came by (RFC 5626). */
export interface BindingFlow {
  readonly id: number;
  readonly isOpen: boolean;
  /** Whether it is a connection: once closed it cannot be opened again from here. */
  readonly isConnection: boolean;
}

export interface Binding<Flow extends BindingFlow = BindingFlow> {
  /** The Contact URI as registered. */
  readonly contact: string;
  /** 0 to 1000: `q` in thousandths, 1000 when not given. */
  readonly q: number;
  /** `Clock.now()` milliseconds at which it ends. */
  readonly expiresAt: number;
  /** `Clock.now()` milliseconds of the last REGISTER for it. */
  readonly updatedAt: number;
  /** Call-ID and CSeq of the last REGISTER, which order changes (§10.3 step 7). */
  readonly callId: string;
  readonly cseq: number;
  /** `+sip.instance` without its quotes, "" when there is none (RFC 5626 §4.1). */
  readonly instance: string;
  /** `reg-id`, 0 when there is none (RFC 5626 §4.2). */
  readonly regId: number;
  /** Path values, topmost first, joined by commas; "" when there are none (RFC 3327). */
  readonly path: string;
  /** Where the REGISTER came from, and where requests go. */
  readonly flow: Flow;
  /** Port of that address at which the device takes new connections when this one is closed; 0 when it does not. */
  readonly listensAt: number;
  /** What its agent or peer proved to know, as a digest: it ends when that is another. */
  readonly proof?: string;
  /** Whether requests go to the Contact itself instead: the configuration set its address. */
  readonly isLocated?: boolean;
  /** Whether its REGISTER passed a NAT, so that nobody but this server reaches the Contact. */
  readonly isBehindNat?: boolean;
}
