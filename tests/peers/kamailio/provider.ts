/** Kamailio as a telephone provider: registers its customer, challenges all it does, and calls it. */
import type { Endpoint } from "../../contract/transport_peers.ts";
import { type Kamailio, startKamailio } from "./kamailio.ts";

/** Its address, by which the server tells it from its phones, who are at 127.0.0.1. */
export const providerAddress = "127.0.0.2";
export const providerUser = "customer7";
export const providerSecret = "of-the-trunk-8Jq2";
export const providerRealm = "provider.test";

export type DigestAlgorithm = "MD5" | "SHA-256";

export interface ProviderOptions {
  /** The address it listens at. */
  readonly place: Endpoint;
  /** The address of the telephone network, which it routes numbers to. */
  readonly pstn: Endpoint;
  /** The algorithm of its challenges. */
  readonly algorithm: DigestAlgorithm;
}

export function startProvider({ place, pstn, algorithm }: ProviderOptions): Promise<Kamailio> {
  return startKamailio({
    configuration: "provider.cfg",
    words: {
      SOCKET: `${place.address}:${place.port}`,
      ALGORITHM: `"${algorithm}"`,
      TRUNK_USER: `"${providerUser}"`,
      TRUNK_SECRET: `"${providerSecret}"`,
      REALM: `"${providerRealm}"`,
      PSTN: `"${pstn.address}:${pstn.port}"`,
      PSTN_PORT: String(pstn.port),
    },
  });
}
