/** A certificate with its bytes and its subject, which runtimes before Deno 2.8 do not show. */
import { Buffer } from "node:buffer";
import { createPublicKey, type KeyObject, X509Certificate } from "node:crypto";

const PEM = /-----BEGIN (?:X509 )?CERTIFICATE-----([^-]+)-----END (?:X509 )?CERTIFICATE-----/;

export class StoredCertificate extends X509Certificate {
  /** DER. */
  override readonly raw: Buffer<ArrayBuffer>;

  /** Takes DER, or the first certificate of PEM. Throws when it is damaged. */
  constructor(certificate: Buffer | string) {
    super(certificate);
    this.raw = typeof certificate === "string"
      ? Buffer.from(PEM.exec(certificate)?.[1] ?? "", "base64")
      : Buffer.from(certificate);
  }

  override checkPrivateKey(key: KeyObject): boolean {
    try {
      return super.checkPrivateKey(key);
    } catch {
      const own = this.publicKey.export({ type: "spki", format: "der" });
      return own.equals(createPublicKey(key).export({ type: "spki", format: "der" }));
    }
  }

  override checkIssued(issuer: X509Certificate): boolean {
    try {
      return super.checkIssued(issuer);
    } catch {
      return this.issuer === issuer.subject;
    }
  }

  /** PEM. */
  override toString(): string {
    const lines = this.raw.toString("base64").match(/.{1,64}/g) ?? [];
    return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
  }
}
