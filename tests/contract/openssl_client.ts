/** `openssl s_client` as a client whose versions and names can be chosen. */
import type { Endpoint } from "./transport_peers.ts";

/** The result of a handshake; all undefined when it failed. */
export interface OpensslAnswer {
  /** For instance `TLSv1.3`. */
  readonly version: string | undefined;
  readonly cipher: string | undefined;
  /** The common name of the certificate that was shown. */
  readonly subject: string | undefined;
}

export async function askWithOpenssl(
  { address, port }: Endpoint,
  options: readonly string[],
): Promise<OpensslAnswer> {
  const command = new Deno.Command("timeout", {
    args: ["5", "openssl", "s_client", "-connect", `${address}:${port}`, ...options],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  });
  const text = new TextDecoder().decode((await command.output()).stdout);
  const [, version, cipher] = /^New, (TLSv[\d.]+), Cipher is (\S+)$/m.exec(text) ?? [];
  return { version, cipher, subject: /^subject=CN = (.+)$/m.exec(text)?.[1] };
}
