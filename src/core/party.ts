/** Parties: the account or gateway at an end of a request or a dialog. */
import type { Agent } from "../data/agent.ts";
import type { Directory } from "../data/directory.ts";
import type { Peer } from "../data/peer.ts";

/** An end that is configured here. */
export type DialogParty =
  | AccountParty
  | { readonly kind: "gateway"; readonly ref: string };

export interface AccountParty {
  readonly kind: "account";
  readonly type: "Agent" | "Peer";
  readonly username: string;
  /** The domain that it authenticates in. */
  readonly realm: string;
  /** The account as it was at the beginning; undefined when that had another secret than now. */
  readonly account: Agent | Peer | undefined;
}

export function accountParty(account: Agent | Peer, realm: string): AccountParty {
  return { kind: "account", type: account.kind, username: account.username, realm, account };
}

/** Returns the account that the directory has for a party now. */
export function currentAccount(
  { type, username, realm }: Pick<AccountParty, "type" | "username" | "realm">,
  directory: Pick<Directory, "agent" | "peer">,
): Agent | Peer | undefined {
  return type === "Agent" ? directory.agent(username, realm) : directory.peer(username);
}
