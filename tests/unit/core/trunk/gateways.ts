/** Gateways for tests, from what their `spec` says. */
import type { Gateway } from "../../../../src/data/gateway.ts";
import { gateway as gatewayDocument } from "../../../support/resources.ts";
import { readResource } from "../../../support/scenario.ts";

/** A gateway at `sip.provider.com` by UDP with the account `trunk`, unless said otherwise. */
export function gateway(spec: Readonly<Record<string, unknown>> = {}, ref = "GW1"): Gateway {
  const credentials = { username: "trunk", secret: "s3cret" };
  return readResource(gatewayDocument(ref, "sip.provider.com", { credentials, ...spec })) as Gateway;
}
