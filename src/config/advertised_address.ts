import { toUriHost } from "../runtime/ip/ip_address.ts";
import type { AdvertisedAddress } from "../transport/local_addresses.ts";
import type { Configuration } from "./configuration.ts";

/** How the server is to be known (`spec.externAddr`, `spec.localnets`). */
export function advertisedAddress(configuration: Configuration): AdvertisedAddress {
  const { externAddr, localnets, transport: [{ port }] } = configuration;
  return {
    externAddr: externAddr && toUriHost(externAddr.host),
    // A port in `externAddr` leads to the first listener, and to those that share its port.
    externPorts: new Map(externAddr?.port === undefined ? [] : [[port, externAddr.port]]),
    localnets,
  };
}
