/** The commented sample configuration of the folder `config`, as part of the program. */
import agents from "../../config/agents.yaml" with { type: "text" };
import config from "../../config/config.yaml" with { type: "text" };
import dids from "../../config/dids.yaml" with { type: "text" };
import domains from "../../config/domains.yaml" with { type: "text" };
import gateways from "../../config/gateways.yaml" with { type: "text" };
import peers from "../../config/peers.yaml" with { type: "text" };
import users from "../../config/users.yaml" with { type: "text" };

/** Contents by file name, without `.yaml`. */
export const SAMPLES: Readonly<Record<string, string>> = {
  config,
  users,
  agents,
  domains,
  peers,
  gateways,
  dids,
};
