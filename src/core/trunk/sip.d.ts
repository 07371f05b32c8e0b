/** Types for the message codec of the package sip, which has none: the parts in use. */

/** `;name=value`; null for a parameter without value. */
export type Parameters = Readonly<Record<string, string | null>>;

export interface NameAddr {
  readonly uri: string;
  readonly params?: Parameters;
}

export interface Via {
  readonly protocol: string;
  readonly host: string;
  readonly params: Parameters;
}

/** A request; `stringify` writes Content-Length itself. */
export interface Request {
  readonly method: string;
  readonly uri: string;
  /** By lower-case names, in the order of writing; undefined ones are left out. */
  readonly headers: {
    readonly via: readonly Via[];
    readonly from: NameAddr;
    readonly to: NameAddr;
    readonly "call-id": string;
    readonly cseq: { readonly seq: number; readonly method: string };
    readonly contact: readonly NameAddr[];
    readonly [name: string]: unknown;
  };
}

export function stringify(request: Request): string;
