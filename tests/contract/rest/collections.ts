/** The collections of the REST service: one row of facts for each. */
import {
  agentDocument,
  didDocument,
  type Document,
  domainDocument,
  gatewayDocument,
  peerDocument,
  userDocument,
} from "../../support/resources.ts";

export interface CollectionRow {
  readonly name: string;
  /** Returns a resource that is valid beside those with other numbers. */
  make(number: number): Document;
  /** Returns a filter that matches the resource with this number only. */
  filter(number: number): string;
  /** Returns the secret of the resource with this number. */
  secret?(number: number): string;
  readonly wrong: { readonly document: Document; readonly pointers: readonly string[] };
  /** A document that refers to a missing resource. */
  readonly unfulfilled?: { readonly document: Document; readonly pointer: string };
  /** A forbidden change. */
  readonly readonly: { readonly changes: Document; readonly pointer: string };
}

export const GATEWAY = "GW0001";

/** The resources that the rows refer to, in the order of their creation. */
export const BASIS: readonly (readonly [collection: string, document: Document])[] = [
  ["domains", domainDocument("sip.local")],
  ["gateways", gateway(GATEWAY, "127.0.0.9", "secret-of-basis")],
];

export const COLLECTIONS: readonly CollectionRow[] = [
  {
    name: "users",
    make: (number) => userDocument(`user-${number}`, secretOf(number)),
    filter: (number) => `@.spec.credentials.username=='user-${number}'`,
    secret: secretOf,
    wrong: account("User", {}, ["/spec/credentials/username"]),
    readonly: renamed("username"),
  },
  {
    name: "agents",
    make: (number) =>
      agentDocument(`agent-${number}`, {
        credentials: { username: `agent-${number}`, secret: secretOf(number) },
      }),
    filter: (number) => `@.spec.credentials.username=='agent-${number}'`,
    secret: secretOf,
    wrong: account("Agent", { domains: [], privacy: "some" }, [
      "/spec/credentials/username",
      "/spec/domains",
      "/spec/privacy",
    ]),
    unfulfilled: {
      document: agentDocument("lost", { domains: ["sip.local", "nowhere.org"] }),
      pointer: "/spec/domains/1",
    },
    readonly: renamed("username"),
  },
  {
    name: "peers",
    make: (number) =>
      peerDocument(`peer-${number}`, {
        credentials: { username: `peer-${number}`, secret: secretOf(number) },
      }),
    filter: (number) => `@.spec.credentials.username=='peer-${number}'`,
    secret: secretOf,
    wrong: account("Peer", { contactAddr: ":::" }, ["/spec/credentials/username", "/spec/contactAddr"]),
    readonly: renamed("username"),
  },
  {
    name: "gateways",
    make: (number) => gateway(`GW1${number}`, `127.0.1.${number}`, secretOf(number)),
    filter: (number) => `@.spec.host=='127.0.1.${number}'`,
    secret: secretOf,
    wrong: {
      document: {
        apiVersion: "v2",
        kind: "Gateway",
        metadata: {},
        spec: { host: "a b", port: 70000, transport: "x" },
      },
      pointers: ["/apiVersion", "/metadata/name", "/spec/host", "/spec/port", "/spec/transport"],
    },
    readonly: { changes: { metadata: { ref: "another" } }, pointer: "/metadata/ref" },
  },
  ...["dids", "numbers"].map((name, i): CollectionRow => ({
    name,
    make: (number) => {
      const { metadata, ...did } = didDocument(undefined, { telUrl: telUrl(i, number) });
      return { ...did, metadata: { ...metadata as Document, gwRef: GATEWAY } };
    },
    filter: (number) => `@.spec.location.telUrl=='${telUrl(i, number)}'`,
    wrong: {
      document: {
        apiVersion: "v2",
        kind: "DID",
        metadata: {},
        spec: { location: { telUrl: "1", aorLink: "2" } },
      },
      pointers: ["/apiVersion", "/metadata/gwRef", "/spec/location/telUrl", "/spec/location/aorLink"],
    },
    unfulfilled: {
      document: {
        ...didDocument(undefined, { telUrl: "tel:404" }),
        metadata: { gwRef: "GW0404" },
      },
      pointer: "/metadata/gwRef",
    },
    readonly: { changes: { spec: { location: { telUrl: "tel:1" } } }, pointer: "/spec/location/telUrl" },
  })),
  {
    name: "domains",
    make: (number) => domainDocument(`d${number}.sip.local`),
    filter: (number) => `@.spec.context.domainUri=='d${number}.sip.local'`,
    wrong: {
      document: {
        apiVersion: "v2",
        kind: "Domain",
        metadata: {},
        spec: { context: { domainUri: "a b", accessControlList: { deny: ["x"] } } },
      },
      pointers: [
        "/apiVersion",
        "/metadata/name",
        "/spec/context/domainUri",
        "/spec/context/accessControlList/deny/0",
      ],
    },
    unfulfilled: {
      document: domainDocument("lost.org", { egressPolicy: { rule: ".*", didRef: "DD0404" } }),
      pointer: "/spec/context/egressPolicy/didRef",
    },
    readonly: { changes: { spec: { context: { domainUri: "b.org" } } }, pointer: "/spec/context/domainUri" },
  },
];

function gateway(ref: string, host: string, secret: string): Document {
  return gatewayDocument(ref, { host, sendRegister: false, credentials: { username: "trunk", secret } });
}

function telUrl(list: number, number: number): string {
  return `tel:1706604${list}${number}`;
}

function secretOf(number: number): string {
  return `secret-of-${number}`;
}

/** Returns faults of credentials, and further ones. */
function account(kind: string, spec: Document, pointers: readonly string[]): CollectionRow["wrong"] {
  return {
    document: {
      apiVersion: "v2",
      kind,
      metadata: {},
      spec: { credentials: { username: "", secret: "x" }, ...spec },
    },
    pointers: ["/apiVersion", "/metadata/name", ...pointers],
  };
}

function renamed(name: string): CollectionRow["readonly"] {
  return { changes: { spec: { credentials: { [name]: "another" } } }, pointer: `/spec/credentials/${name}` };
}
