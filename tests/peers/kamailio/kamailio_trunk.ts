/** Kamailio as a trunk: registers at the server over TLS and carries calls between it and a phone of its own. */
import { hash } from "node:crypto";
import type { Place } from "../../contract/transport_peers.ts";
import type { TestCertificate } from "../../support/certificates.ts";
import { freePort } from "../../support/ports.ts";
import { type RunningProcess, startProcess } from "../../support/process.ts";
import { domain, secret } from "../../support/routr_process.ts";

const configuration = new URL("trunk.cfg", import.meta.url).pathname;
const readyWithin = 10_000;
const lifetime = 60_000;

export interface KamailioTrunkOptions {
  /** The server's TLS listener. */
  readonly server: Place;
  /** The trunk's account at the server. */
  readonly user: string;
  /** Whom it trusts. */
  readonly authority: TestCertificate;
  /** What it shows to who calls it. */
  readonly certificate: TestCertificate;
  /** Whether it shows its certificate as a client, too. */
  readonly isKnownByCertificate: boolean;
  /** Where calls from the server go to by UDP. */
  readonly phone: Place;
  /** Its own UDP port, for that phone. */
  readonly udpPort: number;
}

/** Resolves when it runs; it registers by itself, within a second or two. */
export async function startKamailioTrunk(options: KamailioTrunkOptions): Promise<KamailioTrunk> {
  const directory = await Deno.makeTempDir({ prefix: "kamailio-" });
  const { server, user, phone } = options;
  const address = `127.0.0.1:${freePort()}`;
  const socket = `tls:${address}`;
  const contact = `${address};transport=tls`;
  const uri = `sip:${server.address}:${server.port};transport=tls`;
  await Deno.writeTextFile(`${directory}/tls.cfg`, tlsConfiguration(options));
  await writeRegistration(directory, { user, uri, contact, socket });
  const words = {
    UDP_SOCKET: `udp:127.0.0.1:${options.udpPort}`,
    TLS_SOCKET: socket,
    REGISTERING_SOCKET: `"${socket}"`,
    TLS_CONFIGURATION: `"${directory}/tls.cfg"`,
    TRUNK_CREDENTIAL: `"${user}:${domain}:${secret}"`,
    DATABASE: `"text://${directory}"`,
    CONTACT_ADDRESS: `"${contact}"`,
    PHONE_URI: `"sip:${phone.address}:${phone.port}"`,
    ROUTR_URI: `"${uri}"`,
  };
  const child = startProcess("kamailio", {
    args: [
      ...["-f", configuration, "-DD", "-E", "-m", "32", "-M", "8", "-w", directory, "-Y", directory],
      ...Object.entries(words).flatMap(([name, value]) => ["-A", `${name}=${value}`]),
    ],
    env: { PATH: `${Deno.env.get("PATH")}:/usr/sbin` },
    lifetime,
  });
  const trunk = new KamailioTrunk(child, directory);
  try {
    await child.waitForLine(/^Listening on/, readyWithin);
    return trunk;
  } catch (error) {
    await trunk.stop();
    throw error;
  }
}

export class KamailioTrunk implements AsyncDisposable {
  readonly #child: RunningProcess;
  readonly #directory: string;

  constructor(child: RunningProcess, directory: string) {
    this.#child = child;
    this.#directory = directory;
  }

  get output(): string {
    return this.#child.output;
  }

  async stop(): Promise<void> {
    await this.#child.stop();
    await Deno.remove(this.#directory, { recursive: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

function tlsConfiguration({ authority, certificate, isKnownByCertificate }: KamailioTrunkOptions): string {
  const own = `certificate = ${certificate.chain}\nprivate_key = ${certificate.privateKey}\n`;
  return `[server:default]
method = TLSv1.2+
${own}
[client:default]
method = TLSv1.2+
verify_certificate = yes
require_certificate = yes
ca_list = ${authority.certificate}
${isKnownByCertificate ? own : ""}`;
}

/** Tables as db_text reads them; a colon parts columns. */
async function writeRegistration(
  directory: string,
  { user, uri, contact, socket }: Readonly<Record<"user" | "uri" | "contact" | "socket", string>>,
): Promise<void> {
  const columns = "id(int,auto) l_uuid(string) l_username(string) l_domain(string) r_username(string) " +
    "r_domain(string) realm(string) auth_username(string) auth_password(string) auth_ha1(string) " +
    "auth_proxy(string) expires(int) flags(int) reg_delay(int) contact_addr(string) socket(string)";
  const ha1 = hash("md5", `${user}:${domain}:${secret}`);
  const account = [user, domain, user, domain, domain, user, secret, ha1];
  const values = [1, "trunk-line", ...account, uri, 600, 0, 0, contact, socket];
  const row = values.map((value) => String(value).replaceAll(":", "\\:")).join(":");
  await Deno.writeTextFile(
    `${directory}/version`,
    "id(int,auto) table_name(string) table_version(int)\n0:version:1\n1:uacreg:5\n",
  );
  await Deno.writeTextFile(`${directory}/uacreg`, `${columns}\n${row}\n`);
}
