/** The file of a key store, and its format. */
import { Buffer } from "node:buffer";
import { KeyStoreError } from "./key_store_error.ts";

export type KeyStoreType = "jks" | "pkcs12" | "pem";

/** The largest trust stores of operating systems have a quarter of a megabyte. */
const MAX_FILE_BYTES = 16 * 2 ** 20;

const JKS_MAGIC = 0xfeedfeed;
const JCEKS_MAGIC = 0xcececece;

/** Reads a file. Rejects with a KeyStoreError. */
export async function readKeyStoreFile(path: string): Promise<Buffer> {
  const bytes = await readFile(path);
  if (bytes.length === 0) throw new KeyStoreError(path, "the file is empty");
  return bytes;
}

async function readFile(path: string): Promise<Buffer> {
  try {
    const { isFile, isDirectory, size } = await Deno.stat(path);
    if (isDirectory) throw new KeyStoreError(path, "it is a folder, not a file");
    if (!isFile) throw new KeyStoreError(path, "it is not a regular file");
    if (size > MAX_FILE_BYTES) {
      throw new KeyStoreError(path, `the file has ${size} bytes, more than ${MAX_FILE_BYTES}`);
    }
    return Buffer.from(await Deno.readFile(path));
  } catch (error) {
    if (error instanceof KeyStoreError) throw error;
    throw new KeyStoreError(path, whyUnreadable(error));
  }
}

function whyUnreadable(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "this process may not read the file";
  return `the file cannot be read (${error instanceof Error ? error.name : String(error)})`;
}

/** Returns the format by the first bytes; undefined when unknown. */
export function keyStoreTypeOf(bytes: Uint8Array): KeyStoreType | undefined {
  if (magicOf(bytes) === JKS_MAGIC) return "jks";
  if (isPkcs12(bytes)) return "pkcs12";
  if (Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes("-----BEGIN ")) return "pem";
  return undefined;
}

/** Returns the reason why a file of unknown format is refused. */
export function whyNoKeyStore(bytes: Uint8Array): string {
  if (magicOf(bytes) === JCEKS_MAGIC) {
    return "it is a JCEKS store, which is not supported; convert it with " +
      "keytool -importkeystore -srcstoretype JCEKS -deststoretype PKCS12";
  }
  return "it is not a key store (JKS, PKCS#12 or PEM expected)";
}

function magicOf(bytes: Uint8Array): number | undefined {
  if (bytes.length < 4) return undefined;
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
}

/** Reports whether a file begins as PKCS#12: a SEQUENCE with the INTEGER 3 (RFC 7292 §4), other than keys in DER. */
function isPkcs12(bytes: Uint8Array): boolean {
  const [tag, length] = bytes;
  if (tag !== 0x30 || length === undefined) return false;
  const start = length < 0x80 ? 2 : 2 + (length & 0x7f);
  return bytes[start] === 0x02 && bytes[start + 1] === 0x01 && bytes[start + 2] === 0x03;
}
