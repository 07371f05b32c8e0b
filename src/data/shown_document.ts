/** Resources as documents that may be shown: without secrets. */
import type { ResourceDocument } from "./data_provider.ts";
import { valueAt } from "./document_problems.ts";
import type { Domain } from "./domain.ts";
import type { PropertyPath } from "./fault.ts";
import type { HostPort } from "./network_property.ts";
import { API_VERSIONS } from "./resource_document.ts";
import type { Kind, Resource } from "./resource.ts";

/**
 * Returns `{apiVersion, kind, metadata, spec}` with the property names of the reference and the values in force,
 * defaults included; unset properties are absent. Credentials have the username only. `ResourceStore.update` with this
 * document changes nothing.
 */
export function documentOf(resource: Resource): ResourceDocument {
  return shown(viewOf(resource.kind), resource);
}

/** Returns the document with secrets, for another server that keeps its resources here. */
export function fullDocumentOf(resource: Resource): ResourceDocument {
  const document = documentOf(resource);
  const account = resource.kind === "Gateway"
    ? resource.credentials
    : "username" in resource
    ? resource
    : undefined;
  if (account === undefined) return document;
  const { username, secret, ha1 } = account;
  // The text `${NAME}` would be read as a variable.
  const written = secret?.replace(/^\$+\{[^{}=]+\}$/, "$$$&");
  const credentials = { username, ...written === undefined ? { ha1 } : { secret: written } };
  return { ...document, spec: { ...document.spec as Record<string, unknown>, credentials } };
}

/**
 * Returns a function that reads one path of a shown document, without making the document where possible. It returns
 * undefined where there is nothing.
 */
export function propertyOf(kind: Kind, path: PropertyPath): (resource: Resource) => unknown {
  let part: View<Resource> | Getter<Resource> = viewOf(kind);
  for (const [depth, step] of path.entries()) {
    if (typeof part === "function") {
      const [get, rest] = [part, path.slice(depth)];
      return (resource) => valueAt(get(resource), rest);
    }
    if (!Object.hasOwn(part, step)) return () => undefined;
    part = part[step];
  }
  if (typeof part === "function") return part;
  const view = part;
  return (resource) => shown(view, resource);
}

type Getter<R> = (resource: R) => unknown;

/** The properties of a document, and how a resource yields them. */
interface View<R> {
  readonly [name: string]: View<R> | Getter<R>;
}

const METADATA: View<Resource> = {
  name: ({ name }) => name,
  ref: ({ ref }) => ref,
};

const TIMES: View<Resource> = {
  createdOn: ({ createdOn }) => createdOn,
  modifiedOn: ({ modifiedOn }) => modifiedOn,
};

const CREDENTIALS: View<{ readonly username: string }> = { username: ({ username }) => username };

const MAX_CONTACTS: View<{ readonly maxContacts: number | undefined }> = {
  maxContacts: ({ maxContacts }) => maxContacts,
};

const VIEWS: { readonly [K in Kind]: View<Extract<Resource, { kind: K }>> } = {
  User: {
    metadata: { ...METADATA, ...TIMES },
    spec: { credentials: CREDENTIALS, readsSecrets: ({ readsSecrets }) => readsSecrets },
  },
  Agent: {
    metadata: { ...METADATA, ...TIMES },
    spec: {
      credentials: CREDENTIALS,
      domains: ({ domains }) => domains,
      privacy: ({ privacy }) => privacy,
      ...MAX_CONTACTS,
    },
  },
  Peer: {
    metadata: { ...METADATA, ...TIMES },
    spec: {
      credentials: CREDENTIALS,
      device: ({ device }) => device?.replace(/[[\]]/g, ""),
      contactAddr: ({ contactAddr }) => contactAddr,
      ...MAX_CONTACTS,
    },
  },
  Gateway: {
    metadata: { ...METADATA, ...TIMES },
    spec: {
      host: ({ host }) => host,
      port: ({ port }) => port,
      transport: ({ transport }) => transport,
      credentials: ({ credentials }) => credentials && { username: credentials.username },
      realms: ({ realms }) => realms.length > 0 ? realms : undefined,
      expires: ({ expires }) => expires,
      registries: ({ registries }) => registries.length > 0 ? registries.map(hostPortText) : undefined,
      // False without credentials, whatever the document says.
      sendRegister: ({ credentials, sendRegister }) => credentials && sendRegister,
    },
  },
  DID: {
    metadata: {
      ...METADATA,
      gwRef: ({ gwRef }) => gwRef,
      geoInfo: ({ geoInfo }) => geoInfo,
      ...TIMES,
    },
    spec: {
      location: {
        telUrl: ({ telUrl }) => telUrl,
        aorLink: ({ aorLink }) => aorLink,
      },
    },
  },
  Domain: {
    metadata: { ...METADATA, ...TIMES },
    spec: {
      context: {
        domainUri: ({ domainUri }) => domainUri,
        egressPolicy: shownPolicy,
        accessControlList: ({ accessControlList }) => accessControlList,
      },
    },
  },
};

function viewOf(kind: Kind): View<Resource> {
  return { apiVersion: () => API_VERSIONS[0], kind: () => kind, ...VIEWS[kind] as View<Resource> };
}

function shown(view: View<Resource>, resource: Resource): Record<string, unknown> {
  const document: Record<string, unknown> = {};
  for (const [name, part] of Object.entries(view)) {
    const value = typeof part === "function" ? part(resource) : shown(part, resource);
    if (value !== undefined) document[name] = value;
  }
  return document;
}

/** Later releases of Routr v1 say `numberRef`. */
function shownPolicy({ egressPolicy }: Domain): unknown {
  return egressPolicy && { ...egressPolicy, numberRef: egressPolicy.didRef };
}

function hostPortText({ host, port }: HostPort): string {
  const uriHost = host.includes(":") ? `[${host}]` : host;
  return port === undefined ? uriHost : `${uriHost}:${port}`;
}
