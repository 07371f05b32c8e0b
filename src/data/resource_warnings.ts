import { halfCoveringRules } from "./access_control_list.ts";
import type { Resource } from "./resource.ts";
import { SHIPPED_SECRET } from "./user.ts";

/** What is allowed in a resource but probably not meant. */
export function resourceWarnings(resource: Resource): string[] {
  if (resource.kind === "User" && resource.secret === SHIPPED_SECRET) {
    return [`User "${resource.username}" still has the secret of the samples`];
  }
  if (resource.kind === "Domain") {
    return halfCoveringRules(resource.accessControlList)
      .map((rule) => `Domain "${resource.domainUri}": ${halfCoverage(rule)}`);
  }
  return [];
}

/** Also said of the rules of the general configuration. */
export function halfCoverage(rule: string): string {
  return `rule ${rule} covers only half of the IPv4 addresses, up to 127.255.255.255; all of them are 0.0.0.0/0`;
}
