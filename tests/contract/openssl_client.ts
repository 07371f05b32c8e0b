/** `openssl s_client` as a client whose versions and names can be chosen. */
import type { Place } from "./transport_peers.ts";

/** What a handshake came to; all undefined when there was none. */
export interface OpensslAnswer {
  /** Such as `TLSv1.3`. */
  readonly version: string | undefined;
  readonly cipher: string | undefined;
  /** The common name of the certificate that was shown. */
  readonly subject: string | undefined;
}

export async function askWithOpenssl(
  { address, port }: Place,
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
