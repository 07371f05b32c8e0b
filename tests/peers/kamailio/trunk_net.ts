/** A server between its phones and a telephone provider. */
import type { Endpoint } from "../../contract/transport_peers.ts";
import { freePort } from "../../support/ports.ts";
import type { WirePhone } from "../matrix/wire_phone.ts";
import type { Kamailio } from "./kamailio.ts";
import { phoneAt } from "./loopback_phone.ts";
import {
  type DigestAlgorithm,
  providerAddress,
  providerSecret,
  providerUser,
  startProvider,
} from "./provider.ts";
import { startTrunkRoutr, type TrunkRoutr, type TrunkRoutrOptions } from "./trunk_routr.ts";

export interface TrunkNet extends AsyncDisposable {
  readonly routr: TrunkRoutr;
  readonly provider: Kamailio;
  /** The address of the provider. */
  readonly place: Endpoint;
  /** Agent 1001, not registered yet. */
  readonly desk: WirePhone;
  /** The telephone network behind the provider. */
  readonly pstn: WirePhone;
  /** Ends the provider, and starts one that has forgotten everything. */
  restartProvider(): Promise<Kamailio>;
}

export interface TrunkNetOptions extends Partial<TrunkRoutrOptions> {
  /** The telephone network that the provider routes numbers to; the phone `pstn` unless said otherwise. */
  readonly pstnPlace?: Endpoint;
  /** The algorithm of the provider's challenges; MD5 unless said otherwise. */
  readonly algorithm?: DigestAlgorithm;
  /** Called with the address of the provider before the server starts. */
  readonly beforeStart?: (provider: Endpoint) => Promise<void>;
}

/** `gateway` are changes to the `spec` of a gateway that is right as it is. */
export async function startTrunkNet(
  { gateway = {}, pstnPlace, algorithm = "MD5", beforeStart, ...options }: TrunkNetOptions = {},
): Promise<TrunkNet> {
  await using resources = new AsyncDisposableStack();
  const place: Endpoint = { address: providerAddress, port: freePort() };
  const pstn = resources.use(phoneAt(providerAddress, place, "pstn"));
  const providing = { place, pstn: pstnPlace ?? pstn.local, algorithm };
  const provider = await startProvider(providing);
  // One that was started anew is there until the server has un-registered, too.
  let current = provider;
  resources.defer(() => current.stop());
  await beforeStart?.(place);
  const routr = resources.use(
    await startTrunkRoutr({
      ...options,
      gateway: {
        host: place.address,
        port: place.port,
        transport: "udp",
        credentials: { username: providerUser, secret: providerSecret },
        ...gateway,
      },
    }),
  );
  const desk = resources.use(phoneAt("127.0.0.1", routr.place, "1001"));
  const owned = resources.move();
  return {
    routr,
    provider,
    place,
    desk,
    pstn,
    async restartProvider() {
      await current.stop();
      current = await startProvider(providing);
      return current;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
