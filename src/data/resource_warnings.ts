import { SipUri } from "../message/sip_uri.ts";
import { halfCoveringRules } from "./access_control_list.ts";
import type { Did } from "./did.ts";
import type { Directory } from "./directory.ts";
import type { Resource } from "./resource.ts";

/** Returns warnings about a valid resource that is probably not meant so. */
export function resourceWarnings(resource: Resource): string[] {
  if (resource.kind === "Agent" && resource.secret === undefined) {
    const { username, domains, ha1 } = resource;
    return domains.filter((domain) => ha1.every(({ realm }) => realm !== domain))
      .map((domain) => `Agent "${username}" has no hash for realm ${domain}, and cannot register there`);
  }
  if (resource.kind === "Domain") {
    return halfCoveringRules(resource.accessControlList)
      .map((rule) => `Domain "${resource.domainUri}": ${halfCoverage(rule)}`);
  }
  return [];
}

/** Returns warnings about valid resources that probably do not fit together. */
export function directoryWarnings(directory: Directory): string[] {
  const warnings: string[] = [];
  for (const did of directory.dids()) {
    if (reachesNobody(did, directory)) {
      warnings.push(`DID "${did.ref}": ${did.aorLink} is neither an agent of a domain here nor a peer`);
    }
  }
  for (const { username, device } of directory.peers()) {
    if (device !== undefined && directory.domain(device) !== undefined) {
      warnings.push(`Peer "${username}": device ${device} is a domain too, whose agents come first`);
    }
  }
  return warnings;
}

/** Reports whether calls to the number reach nobody, whoever registers. */
function reachesNobody({ aorLink }: Did, directory: Directory): boolean {
  const uri = SipUri.parse(aorLink);
  if (uri === undefined || directory.agent(uri.userText, uri.host) !== undefined) return uri === undefined;
  const peer = directory.peer(uri.userText);
  return peer === undefined || (peer.device !== undefined && peer.device !== uri.host);
}

/** Returns a warning that is also used for the rules of the general configuration. */
export function halfCoverage(rule: string): string {
  return `rule ${rule} covers only half of the IPv4 addresses, up to 127.255.255.255; all of them are 0.0.0.0/0`;
}
