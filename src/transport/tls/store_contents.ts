import type { KeyObject } from "node:crypto";
import type { StoredCertificate } from "./stored_certificate.ts";

/** The contents of a store. */
export interface StoreContents {
  readonly keys: readonly StoredKey[];
  /** Certificates that the store declares trusted, with the leaf of each key, but not its chain. */
  readonly trusted: readonly StoredCertificate[];
}

/** A private key in a store, and the certificates that may belong to it. */
export interface StoredKey {
  /** The name in the store, or a made-up one. */
  readonly alias: string;
  readonly certificates: readonly StoredCertificate[];
  /** Decrypts the key. Throws a KeyStoreError when that fails. */
  readonly privateKey: () => KeyObject;
}
