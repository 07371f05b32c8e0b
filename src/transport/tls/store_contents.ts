import type { KeyObject } from "node:crypto";
import type { StoredCertificate } from "./stored_certificate.ts";

/** What a store of any kind holds. */
export interface StoreContents {
  readonly keys: readonly StoredKey[];
  /** Certificates that the store declares trusted, among them the own one of each key, but not the chain above it. */
  readonly trusted: readonly StoredCertificate[];
}

/** A private key in a store, and the certificates that may belong to it. */
export interface StoredKey {
  /** Its name in the store; a made-up one where stores have no names. */
  readonly alias: string;
  readonly certificates: readonly StoredCertificate[];
  /** Decrypts the key; throws a KeyStoreError when that fails. */
  readonly privateKey: () => KeyObject;
}
