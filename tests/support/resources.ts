/** Resources as documents, for ladders: what a test does not care about has a usual value. */
import { secretOf } from "./phone.ts";
import type { ResourceDocument } from "./scenario.ts";

/** @param context properties of `spec.context`: `egressPolicy`, `accessControlList` */
export function domain(domainUri: string, context: object = {}): ResourceDocument {
  return { kind: "Domain", spec: { context: { domainUri, ...context } } };
}

/** The password is the name backwards, as with phones. */
export function agent(username: string, spec: object = {}): ResourceDocument {
  const credentials = { username, secret: secretOf(username) };
  return { kind: "Agent", spec: { credentials, domains: ["sip.local"], ...spec } };
}

/** The password is the name backwards, as with phones. */
export function peer(username: string, spec: object = {}): ResourceDocument {
  return { kind: "Peer", spec: { credentials: { username, secret: secretOf(username) }, ...spec } };
}

/** By UDP, without credentials. */
export function gateway(ref: string, host: string, spec: object = {}): ResourceDocument {
  return { kind: "Gateway", metadata: { ref }, spec: { host, transport: "udp", ...spec } };
}

/** @param location `telUrl` and `aorLink` */
export function did(
  ref: string,
  { gwRef, ...location }: { gwRef: string; telUrl: string; aorLink: string },
): ResourceDocument {
  return { kind: "DID", metadata: { ref, gwRef }, spec: { location } };
}
