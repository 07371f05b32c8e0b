/** Kamailio as a telephone provider: registers its customer, challenges all it does, and calls it. */
import type { Place } from "../../contract/transport_peers.ts";
import { type Kamailio, startKamailio } from "./kamailio.ts";

/** Its address, by which the server tells it from its phones, who are at 127.0.0.1. */
export const providerAddress = "127.0.0.2";
export const providerUser = "customer7";
export const providerSecret = "of-the-trunk-8Jq2";
export const providerRealm = "provider.test";

/** @param pstn where the telephone network is that it routes numbers to */
export function startProvider(place: Place, pstn: Place): Promise<Kamailio> {
  return startKamailio({
    configuration: "provider.cfg",
    words: {
      SOCKET: `${place.address}:${place.port}`,
      TRUNK_USER: `"${providerUser}"`,
      TRUNK_SECRET: `"${providerSecret}"`,
      REALM: `"${providerRealm}"`,
      PSTN: `"${pstn.address}:${pstn.port}"`,
      PSTN_PORT: String(pstn.port),
    },
  });
}
