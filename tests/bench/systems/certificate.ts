/** A certificate for a server that is measured. */
import { join } from "node:path";
import { DOMAIN } from "../load/subscribers.ts";
import { RunningProcess } from "../process/running_process.ts";

/** Makes a key (P-256) and a certificate for it in the directory; paths of PEM files. */
export async function makeCertificate(directory: string): Promise<{ key: string; certificate: string }> {
  const key = join(directory, "key.pem");
  const certificate = join(directory, "cert.pem");
  const openssl = new RunningProcess({
    path: "openssl",
    args: [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
      ...["-subj", `/CN=${DOMAIN}`, "-addext", `subjectAltName=DNS:${DOMAIN}`, "-days", "2"],
      ...["-keyout", key, "-out", certificate],
    ],
  });
  if (await openssl.ended !== 0) throw new Error(`Cannot make a certificate\n${openssl.output}`);
  return { key, certificate };
}
