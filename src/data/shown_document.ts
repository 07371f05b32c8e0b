/** Resources as the documents that operators know, without their secrets: what may be shown. */
import type { ResourceDocument } from "./data_provider.ts";
import { valueAt } from "./document_problems.ts";
import type { Domain } from "./domain.ts";
import type { PropertyPath } from "./fault.ts";
import type { HostPort } from "./network_property.ts";
import type { Kind, Resource } from "./resource.ts";

const API_VERSION = "v1beta1";

/**
 * `{apiVersion, kind, metadata, spec}` with the names of properties that the reference has, and the values in force,
 * defaults as well; what is not set is left out. Of credentials there is the username only. Written back by
 * `ResourceStore.update`, it changes nothing.
 */
export function documentOf(resource: Resource): ResourceDocument {
  return shown(viewOf(resource.kind), resource);
}

/** The same with secrets, for another server that keeps its resources here. */
export function fullDocumentOf(resource: Resource): ResourceDocument {
  const document = documentOf(resource);
  const account = resource.kind === "Gateway"
    ? resource.credentials
    : "username" in resource
    ? resource
    : undefined;
  if (account === undefined) return document;
  const { username, secret, ha1 } = account;
  // `${NAME}` would be read as a variable.
  const written = secret?.replace(/^\$+\{[^{}=]+\}$/, "$$$&");
  const credentials = { username, ...written === undefined ? { ha1 } : { secret: written } };
  return { ...document, spec: { ...document.spec as Record<string, unknown>, credentials } };
}

/**
 * What `documentOf` shows at a path, without making the document where that can be spared. Undefined where there is
 * nothing.
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

/** Where in the document what of a resource stands. */
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
      // Without credentials it is false, whatever the document says for the time when there are some.
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
  return { apiVersion: () => API_VERSION, kind: () => kind, ...VIEWS[kind] as View<Resource> };
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
