/** Warnings about resources that are valid but probably mistaken, at start, after each change, and by `routr check`. */
import type { Configuration } from "../config/configuration.ts";
import { unservedGateways } from "../config/unserved_gateways.ts";
import type { Directory } from "../data/directory.ts";
import { unsafeSecrets } from "./unsafe_secrets.ts";

export async function inspectResources(config: Configuration, directory: Directory): Promise<string[]> {
  return [
    ...unservedGateways(config, directory.gateways()),
    ...directory.counts.users === 0
      ? ["There are no users: the REST service refuses everybody. Add one to users.yaml"]
      : [],
    ...await unsafeSecrets(directory),
  ];
}
