/** Reads stores of all formats. */
import type { Buffer } from "node:buffer";
import { readJksStore } from "./jks_key_store.ts";
import { KeyStoreError } from "./key_store_error.ts";
import { type KeyStoreType, keyStoreTypeOf, readKeyStoreFile, whyNoKeyStore } from "./key_store_file.ts";
import { readPemStore } from "./pem_key_store.ts";
import { readPkcs12Store } from "./pkcs12_key_store.ts";
import type { StoreContents } from "./store_contents.ts";

type StoreReader = (path: string, bytes: Buffer, password: string) => StoreContents | Promise<StoreContents>;

const READERS: Readonly<Record<KeyStoreType, StoreReader>> = {
  jks: readJksStore,
  pkcs12: readPkcs12Store,
  pem: readPemStore,
};

/** Reads a store. Rejects with a KeyStoreError. */
export async function readStore(
  path: string,
  password: string,
): Promise<{ type: KeyStoreType; contents: StoreContents }> {
  const bytes = await readKeyStoreFile(path);
  const type = keyStoreTypeOf(bytes);
  if (!type) throw new KeyStoreError(path, whyNoKeyStore(bytes));
  return { type, contents: await READERS[type](path, bytes, password) };
}
