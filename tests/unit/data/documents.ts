/** Documents as operators write them, for tests to vary. */

export type Document = Record<string, unknown>;

export function agentDocument(username: string, spec: Document = {}): Document {
  return {
    apiVersion: "v1beta1",
    kind: "Agent",
    metadata: { name: `Agent ${username}` },
    spec: { credentials: { username, secret: "1234" }, domains: ["sip.local"], ...spec },
  };
}

export function domainDocument(domainUri: string, context: Document = {}): Document {
  return {
    apiVersion: "v1beta1",
    kind: "Domain",
    metadata: { name: "Local Server" },
    spec: { context: { domainUri, ...context } },
  };
}

export function peerDocument(username: string, spec: Document = {}): Document {
  return {
    apiVersion: "v1beta1",
    kind: "Peer",
    metadata: { name: "Asterisk" },
    spec: { credentials: { username, secret: "astsecret" }, ...spec },
  };
}

export function userDocument(username: string, secret = "s3cret"): Document {
  return {
    apiVersion: "v1beta1",
    kind: "User",
    metadata: { name: "Administrator" },
    spec: { credentials: { username, secret } },
  };
}

export function gatewayDocument(ref: string | undefined, spec: Document = {}): Document {
  return {
    apiVersion: "v1beta1",
    kind: "Gateway",
    metadata: { name: "Provider, Inc", ...(ref === undefined ? {} : { ref }) },
    spec: {
      host: "sip.provider.net",
      transport: "udp",
      credentials: { username: "user", secret: "changeit" },
      ...spec,
    },
  };
}

export function didDocument(ref: string | undefined, location: Document = {}): Document {
  return {
    apiVersion: "v1beta1",
    kind: "DID",
    metadata: { gwRef: "GW0001", ...(ref === undefined ? {} : { ref }) },
    spec: { location: { telUrl: "tel:17066041487", aorLink: "sip:1001@sip.local", ...location } },
  };
}
