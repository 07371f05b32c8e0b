/** The part of node-forge that reads PKCS#12; its package ships no types. */
export interface NodeForge {
  readonly asn1: {
    fromDer(bytes: string, options: { readonly strict: boolean }): Asn1;
    toDer(value: Asn1): { getBytes(): string };
  };
  readonly pki: {
    /** Known object identifiers; attributes with others are left out. */
    readonly oids: Record<string, string>;
    privateKeyToAsn1(key: RsaKey): Asn1;
    certificateToAsn1(certificate: RsaCertificate): Asn1;
  };
  readonly pkcs5: {
    /** Derives a key (RFC 8018 §5.2); salt and key are strings with a byte a character. */
    pbkdf2: (
      password: string,
      salt: string,
      iterations: number,
      length: number,
      digest: { readonly algorithm: string },
    ) => string;
  };
  readonly pkcs12: {
    /** Throws for a wrong password or a damaged store. */
    pkcs12FromAsn1(store: Asn1, isStrict: boolean, password: string): {
      readonly safeContents: readonly { readonly safeBags: readonly SafeBag[] }[];
    };
  };
}

declare const asn1: unique symbol;
declare const rsaKey: unique symbol;
declare const rsaCertificate: unique symbol;
export type Asn1 = { readonly [asn1]: never };
export type RsaKey = { readonly [rsaKey]: never };
export type RsaCertificate = { readonly [rsaCertificate]: never };

/** A bag; keys and certificates other than RSA are in `asn1`. */
export interface SafeBag {
  readonly type: string;
  readonly attributes: {
    readonly friendlyName?: readonly string[];
    readonly trustedKeyUsage?: readonly string[];
  };
  readonly key?: RsaKey | null;
  readonly cert?: RsaCertificate | null;
  readonly asn1?: Asn1;
}
