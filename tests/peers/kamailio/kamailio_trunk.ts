/** Kamailio as a trunk: registers at the server over TLS and carries calls between it and a phone of its own. */
import type { Endpoint } from "../../contract/transport_peers.ts";
import type { TestCertificate } from "../../support/certificates.ts";
import { freePort } from "../../support/ports.ts";
import { domain, secret } from "../../support/routr_process.ts";
import { type Kamailio, startKamailio } from "./kamailio.ts";
import { registrationFiles } from "./uac_registration.ts";

export interface KamailioTrunkOptions {
  /** The server's TLS listener. */
  readonly server: Endpoint;
  /** The trunk's account at the server. */
  readonly user: string;
  /** The certificate authority that it trusts. */
  readonly authority: TestCertificate;
  /** The certificate that it shows as a server. */
  readonly certificate: TestCertificate;
  /** True when it shows its certificate as a client, too. */
  readonly isKnownByCertificate: boolean;
  /** The UDP destination of calls from the server. */
  readonly phone: Endpoint;
  /** Its own UDP port, for that phone. */
  readonly udpPort: number;
}

/** Resolves when it runs; it registers by itself, within a second or two. */
export function startKamailioTrunk(options: KamailioTrunkOptions): Promise<KamailioTrunk> {
  const { server, user, phone } = options;
  const address = `127.0.0.1:${freePort()}`;
  const socket = `tls:${address}`;
  const contact = `${address};transport=tls`;
  const uri = `sip:${server.address}:${server.port};transport=tls`;
  return startKamailio({
    configuration: "trunk.cfg",
    files: {
      "tls.cfg": tlsConfiguration(options),
      ...registrationFiles({ user, secret, uri, contact, socket }),
    },
    words: {
      UDP_SOCKET: `udp:127.0.0.1:${options.udpPort}`,
      TLS_SOCKET: socket,
      REGISTERING_SOCKET: `"${socket}"`,
      TRUNK_CREDENTIAL: `"${user}:${domain}:${secret}"`,
      CONTACT_ADDRESS: `"${contact}"`,
      PHONE_URI: `"sip:${phone.address}:${phone.port}"`,
      ROUTR_URI: `"${uri}"`,
    },
  });
}

/** A trunk that carries calls until it is stopped. */
export type KamailioTrunk = Kamailio;

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
