/** The part of node-forge that makes certificates; its package ships no types. */
export interface ForgeCertificates {
  readonly md: { readonly sha256: { create(): unknown } };
  readonly pki: {
    privateKeyFromPem(pem: string): { readonly n: unknown; readonly e: unknown };
    setRsaPublicKey(n: unknown, e: unknown): unknown;
    createCertificate(): ForgeCertificate;
    certificateToPem(certificate: ForgeCertificate): string;
  };
}

export interface ForgeCertificate {
  publicKey: unknown;
  /** Hexadecimal. */
  serialNumber: string;
  readonly validity: { notBefore: Date; notAfter: Date };
  setSubject(attributes: readonly { name: string; value: string }[]): void;
  setIssuer(attributes: readonly { name: string; value: string }[]): void;
  setExtensions(extensions: readonly Readonly<Record<string, unknown>>[]): void;
  sign(key: unknown, digest: unknown): void;
}
