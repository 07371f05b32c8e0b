/** Kamailio as a PBX that registers as a peer. */
import type { Endpoint } from "../../contract/transport_peers.ts";
import { domain } from "../../support/routr_process.ts";
import { type Kamailio, startKamailio } from "./kamailio.ts";
import { registrationFiles } from "./uac_registration.ts";

export const pbxAddress = "127.0.0.4";
export const pbx = { username: "ast", secret: "of-the-pbx-5Wd1", device: "astserver" } as const;

/** @param phone where its only extension is */
export function startPbx(
  { place, server, phone }: Record<"place" | "server" | "phone", Endpoint>,
): Promise<Kamailio> {
  const contact = `${place.address}:${place.port}`;
  const uri = `sip:${server.address}:${server.port}`;
  return startKamailio({
    configuration: "pbx.cfg",
    files: registrationFiles({
      user: pbx.username,
      secret: pbx.secret,
      uri,
      contact,
      socket: `udp:${contact}`,
    }),
    words: {
      SOCKET: contact,
      CREDENTIAL: `"${pbx.username}:${domain}:${pbx.secret}"`,
      CONTACT_ADDRESS: `"${contact}"`,
      PHONE: `"${phone.address}:${phone.port}"`,
      PHONE_PORT: String(phone.port),
      ROUTR_URI: `"${uri}"`,
    },
  });
}
