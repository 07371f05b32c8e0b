/** The address-of-record and the URI that a REGISTER binds (§10.3 steps 5 and 7). */
import type { Agent } from "../../data/agent.ts";
import type { Peer } from "../../data/peer.ts";
import type { Binding } from "../../location/binding.ts";
import { addressOfRecord, SipUri } from "../../message/sip_uri.ts";
import { toUriHost } from "../../runtime/ip/ip_address.ts";
import type { BoundFlow } from "../flows/bound_flow.ts";
import type { RequestedContact } from "./registration.ts";

/**
 * Returns the addresses-of-record of a REGISTER (step 5). A peer has one at its device, wherever it registers; without a
 * device it has two, at the host that it registers at and at its own address.
 */
export function addressesOfRecord(account: Agent | Peer, host: string, address: string): string[] {
  const { username } = account;
  if (account.kind === "Agent") return [addressOfRecord(username, host)];
  if (account.device !== undefined) return [addressOfRecord(username, account.device)];
  return [...new Set([host, address])].map((each) => addressOfRecord(username, each));
}

/** Reports whether a Contact is that of a binding: by instance and reg-id (RFC 5626 §6), else by URI (§10.3 step 7). */
export function isSameBinding(binding: Binding<BoundFlow>, uri: SipUri, contact: RequestedContact): boolean {
  if (contact.instance !== "" && contact.regId > 0) {
    return binding.instance === contact.instance && binding.regId === contact.regId;
  }
  if (binding.contact === uri.text) return true;
  return SipUri.parse(binding.contact)?.equals(uri) ?? false;
}

/** Returns a Contact at another address; its port stays where the address has none. */
export function contactAt(uri: SipUri, address: string): SipUri {
  const user = uri.user === undefined
    ? ""
    : `${uri.user}${uri.password === undefined ? "" : `:${uri.password}`}@`;
  const hasPort = /:\d+$/.test(address) && !/^[^[].*:.*:/.test(address);
  const port = hasPort || uri.port === undefined ? "" : `:${uri.port}`;
  const host = hasPort ? address : toUriHost(address);
  return SipUri.parse(`${uri.secure ? "sips" : "sip"}:${user}${host}${port}${uri.parameters}`) ?? uri;
}

export function contactAddrOf(account: Agent | Peer): string | undefined {
  return account.kind === "Peer" ? account.contactAddr : undefined;
}
