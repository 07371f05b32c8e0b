/** Assertions for the tests of key stores. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { X509Certificate } from "node:crypto";
import { KeyStoreError } from "../../../../src/transport/tls/key_store_error.ts";

/** The bytes of a store in `fixtures/`. */
export function fixture(name: string): Buffer {
  return Buffer.from(Deno.readTextFileSync(new URL(`fixtures/${name}.base64`, import.meta.url)), "base64");
}

/** Subjects of certificates in PEM, in their order. */
export function subjectsOf(certificates: string): string[] {
  const blocks = certificates.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----\n/g) ?? [];
  assert.equal(blocks.join(""), certificates);
  return blocks.map((block) => new X509Certificate(block).subject);
}

export interface Refusal {
  readonly path: string;
  readonly problem: RegExp;
  /** A text that must not be in the message. */
  readonly secret?: string;
}

/** Asserts that a store is refused with a KeyStoreError about its file. */
export async function assertRefused(
  reading: Promise<unknown>,
  { path, problem, secret }: Refusal,
): Promise<void> {
  await assert.rejects(reading, (error) => {
    assert.ok(error instanceof KeyStoreError, String(error));
    assert.match(error.message, problem);
    assert.ok(error.message.startsWith(`Cannot use "${path}": `), error.message);
    assert.ok(secret === undefined || !error.message.includes(secret), error.message);
    return true;
  });
}
