/** Gateways for tests, from what their `spec` says. */
import type { Gateway } from "../../../../src/data/gateway.ts";
import { readResource } from "../../../support/scenario.ts";

/** A gateway at `sip.provider.com` by UDP with the account `trunk`, unless said otherwise. */
export function gateway(spec: Readonly<Record<string, unknown>> = {}, ref = "GW1"): Gateway {
  return readResource({
    kind: "Gateway",
    metadata: { ref },
    spec: {
      host: "sip.provider.com",
      transport: "udp",
      credentials: { username: "trunk", secret: "s3cret" },
      ...spec,
    },
  }) as Gateway;
}
