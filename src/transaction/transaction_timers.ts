/** T1, T2 and T4 (§17, appendix A) in milliseconds. Timers A to K are made of them, each in its machine. */

export interface TransactionTimers {
  /** Round-trip time estimate. */
  readonly t1: number;
  /** Longest interval between retransmissions of non-INVITE requests and INVITE responses. */
  readonly t2: number;
  /** Maximum time that a message stays in the network. */
  readonly t4: number;
}

export const DEFAULT_TIMERS: TransactionTimers = { t1: 500, t2: 4000, t4: 5000 };
