import { toUriHost } from "../runtime/ip/ip_address.ts";
import type { AdvertisedAddress } from "../transport/local_addresses.ts";
import type { Configuration } from "./configuration.ts";

/** Returns the address that other hosts see (`spec.externAddr`, `spec.localnets`). */
export function advertisedAddress(configuration: Configuration): AdvertisedAddress {
  const { externAddr, localnets, transport: [{ port }] } = configuration;
  return {
    externAddr: externAddr && toUriHost(externAddr.host),
    // A port in `externAddr` applies to the first listener and to those with the same port.
    externPorts: new Map(externAddr?.port === undefined ? [] : [[port, externAddr.port]]),
    localnets,
  };
}
