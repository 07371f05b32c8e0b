/** Resources as operators write them: a test varies what it is about. */
import { secretOf } from "./phone.ts";
import type { ResourceDocument } from "./scenario.ts";

export type Document = Record<string, unknown>;

export function agentDocument(username: string, spec: Document = {}): Document {
  const credentials = { username, secret: "1234" };
  return documentOf("Agent", { name: `Agent ${username}` }, { credentials, domains: ["sip.local"], ...spec });
}

export function domainDocument(domainUri: string, context: Document = {}): Document {
  return documentOf("Domain", { name: "Local Server" }, { context: { domainUri, ...context } });
}

export function peerDocument(username: string, spec: Document = {}): Document {
  return documentOf("Peer", { name: "Asterisk" }, {
    credentials: { username, secret: "astsecret" },
    ...spec,
  });
}

export function userDocument(username: string, secret = "s3cret"): Document {
  return documentOf("User", { name: "Administrator" }, { credentials: { username, secret } });
}

export function gatewayDocument(ref: string | undefined, spec: Document = {}): Document {
  return documentOf("Gateway", { name: "Provider, Inc", ...ref !== undefined && { ref } }, {
    host: "sip.provider.net",
    transport: "udp",
    credentials: { username: "user", secret: "changeit" },
    ...spec,
  });
}

export function didDocument(ref: string | undefined, location: Document = {}): Document {
  return documentOf("DID", { gwRef: "GW0001", ...ref !== undefined && { ref } }, {
    location: { telUrl: "tel:17066041487", aorLink: "sip:1001@sip.local", ...location },
  });
}

/** Returns the document with this ref. */
export function withRef(ref: string, document: Document): Document {
  return { ...document, metadata: { ...document.metadata as Document, ref } };
}

function documentOf(kind: string, metadata: Document, spec: Document): Document {
  return { apiVersion: "v1beta1", kind, metadata, spec };
}

/** @param context properties of `spec.context`: `egressPolicy`, `accessControlList` */
export function domain(domainUri: string, context: object = {}): ResourceDocument {
  return { kind: "Domain", metadata: { name: domainUri }, spec: { context: { domainUri, ...context } } };
}

/** The password is the reversed username, as with phones. */
export function agent(username: string, spec: object = {}): ResourceDocument {
  const credentials = { username, secret: secretOf(username) };
  const metadata = { name: username };
  return { kind: "Agent", metadata, spec: { credentials, domains: ["sip.local"], ...spec } };
}

/** The password is the reversed username, as with phones. */
export function peer(username: string, spec: object = {}): ResourceDocument {
  const credentials = { username, secret: secretOf(username) };
  return { kind: "Peer", metadata: { name: username }, spec: { credentials, ...spec } };
}

/** A gateway by UDP without credentials. */
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
