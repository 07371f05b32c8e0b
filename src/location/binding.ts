/** One binding of an address-of-record to a Contact (§10.3). */

/** The flow of a registration (RFC 5626), as far as a binding depends on it. */
export interface BindingFlow {
  readonly id: number;
  readonly isOpen: boolean;
  /** True for a connection, which cannot be opened again from here once it is closed. */
  readonly isConnection: boolean;
}

export interface Binding<Flow extends BindingFlow = BindingFlow> {
  /** The Contact URI as registered. */
  readonly contact: string;
  /** `q` in thousandths, from 0 to 1000; 1000 by default. */
  readonly q: number;
  /** `Clock.now()` milliseconds at which it ends. */
  readonly expiresAt: number;
  /** `Clock.now()` milliseconds of the last REGISTER for it. */
  readonly updatedAt: number;
  /** Call-ID and CSeq of the last REGISTER, which order changes (§10.3 step 7). */
  readonly callId: string;
  readonly cseq: number;
  /** `+sip.instance` without quotes, "" for none (RFC 5626 §4.1). */
  readonly instance: string;
  /** `reg-id`, 0 for none (RFC 5626 §4.2). */
  readonly regId: number;
  /** Path values, topmost first, joined by commas; "" for none (RFC 3327). */
  readonly path: string;
  /** The flow that requests go by; not always that of the REGISTER. */
  readonly flow: Flow;
  /** Port at the same address where the device accepts connections after this one is closed; 0 for none. */
  readonly listeningPort: number;
  /** MAC of the account's credentials; the binding ends when they change. */
  readonly accountMac?: string | undefined;
  /** Set when requests go where the Contact says: `contactAddr`, or a Contact that asks for another transport. */
  readonly goesToContact?: boolean | undefined;
  /** Set when the REGISTER passed a NAT, so that only this server reaches the Contact. */
  readonly isBehindNat?: boolean | undefined;
}
