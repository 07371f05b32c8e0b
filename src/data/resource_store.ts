/** Changes of resources by administrators: one set of rules for every provider. */
import { type Clock, systemClock } from "../runtime/clock.ts";
import {
  type DataProvider,
  type DocumentAddress,
  type DocumentChange,
  type ResourceDocument,
  type StoredDocument,
  WriteRefused,
} from "./data_provider.ts";
import type { Directory } from "./directory.ts";
import { valueAt } from "./document_problems.ts";
import type { PropertyPath, PropertyProblem } from "./fault.ts";
import type { LiveDirectory } from "./live_directory.ts";
import { mergeDocuments } from "./merged_document.ts";
import { isMapping, type Mapping } from "../runtime/mapping.ts";
import { SerialTasks } from "../runtime/serial_tasks.ts";
import { Turn } from "../runtime/turn.ts";
import { type ConstraintViolation, constraintViolations } from "./constraint_violations.ts";
import { rollBack } from "./one_by_one.ts";
import { ResourceView } from "./resource_view.ts";
import { type Kind, naturalKey, readResource, type Resource } from "./resource.ts";
import { type Tolerance, tolerateOthers } from "./unknown_properties.ts";
import { DUPLICATE, invalidDocument, MAX_DETAILS, refuseViolations } from "./write_refusal.ts";

/** A message of Routr v1. */
const DEPENDENT = "Found one or more dependent objects";

const LAST_USER = "The last user stays: nobody could administer this server any more";

/** The property that identifies a resource of a kind, which cannot be changed. */
const NATURAL_KEYS: Readonly<Record<Exclude<Kind, "Gateway">, PropertyPath>> = {
  User: ["spec", "credentials", "username"],
  Agent: ["spec", "credentials", "username"],
  Peer: ["spec", "credentials", "username"],
  Domain: ["spec", "context", "domainUri"],
  DID: ["spec", "location", "telUrl"],
};

export interface ResourceStoreOptions {
  readonly provider: DataProvider;
  /** Loads from the same provider. */
  readonly live: LiveDirectory;
  /** `spec.ex_uniqueGatewayPerHostPort`. */
  readonly hasUniqueGateways?: boolean;
  readonly clock?: Pick<Clock, "wallTime">;
}

/** Changes resources. A change is in force when its promise resolves. All methods reject with `WriteRefused`. */
export class ResourceStore {
  readonly #options: ResourceStoreOptions;
  /** Checks of a change hold until it is written: no domain of a new agent is removed meanwhile. */
  readonly #changes = new SerialTasks();

  constructor(options: ResourceStoreOptions) {
    this.#options = options;
  }

  /** Resolves with the document of a resource, with its secrets, and the version for `update` and `remove`. */
  async read(kind: Kind, ref: string): Promise<StoredDocument> {
    return (await this.#find(kind, ref)).stored;
  }

  /** Resolves with the ref of the new resource: the given one, or a generated one. */
  create(kind: Kind, document: ResourceDocument): Promise<string> {
    return this.#changes.run(async () => {
      await this.#catchUp(kind);
      const resource = this.#readValid(kind, document);
      this.#refuseIfViolating(resource, undefined);
      const ref = this.#view().freeRef(resource);
      const time = this.#time();
      const metadata = { ...metadataOf(document), ref, createdOn: time, modifiedOn: time };
      return await this.#create({ action: "create", kind, ref, document: { ...document, metadata } });
    });
  }

  /** Creates all resources or none, and resolves with their refs. A refusal lists every fault with its position. */
  createAll(kind: Kind, documents: readonly ResourceDocument[]): Promise<readonly string[]> {
    return this.#changes.run(async () => {
      await this.#catchUp(kind);
      const resources = await this.#readAll(kind, documents);
      const refs = await this.#assignRefs(kind, resources);
      const time = this.#time();
      const { provider, live } = this.#options;
      const made = await provider.createAll(
        kind,
        documents.map((document, i) => {
          const metadata = { ...metadataOf(document), ref: refs[i], createdOn: time, modifiedOn: time };
          return { ref: refs[i], document: { ...document, metadata } };
        }),
      );
      await live.load(kind);
      await this.#rollBackUnlessInForce(kind, made);
      return made;
    });
  }

  async #readAll(kind: Kind, documents: readonly ResourceDocument[]): Promise<Resource[]> {
    const resources: Resource[] = [];
    const wrong: PropertyProblem[] = [];
    const turn = new Turn();
    for (const [i, document] of documents.entries()) {
      const { resource, problems = [] } = readResource(kind, document);
      if (resource !== undefined) resources.push(resource);
      for (const problem of problems) wrong.push({ ...problem, path: [i, ...problem.path] });
      if (wrong.length >= MAX_DETAILS) break;
      if (turn.isOver) await turn.next();
    }
    if (wrong.length > 0) throw invalidDocument(kind, wrong);
    return resources;
  }

  /** Returns the refs of new resources. Throws when one violates a constraint. */
  async #assignRefs(kind: Kind, resources: readonly Resource[]): Promise<string[]> {
    const others = this.#view();
    const refs: string[] = [];
    const violations: ConstraintViolation[] = [];
    const turn = new Turn();
    for (const [i, resource] of resources.entries()) {
      const found = constraintViolations(resource, others);
      for (const violation of found) violations.push({ ...violation, path: [i, ...violation.path] });
      if (found.length === 0) refs.push(others.add(resource).ref);
      if (violations.length >= MAX_DETAILS) break;
      if (turn.isOver) await turn.next();
    }
    refuseViolations(kind, violations);
    return refs;
  }

  /** A change by another node or an editor at the same time may keep the new resources out of force. */
  async #rollBackUnlessInForce(kind: Kind, refs: readonly string[]): Promise<void> {
    const { provider, live } = this.#options;
    if (refs.every((ref) => live.directory.resource(kind, ref) !== undefined)) return;
    await rollBack(provider, kind, new Set(refs));
    await live.load(kind);
    throw new WriteRefused("conflict", DUPLICATE);
  }

  async #create(change: Extract<DocumentChange, { action: "create" }>): Promise<string> {
    const ref = await this.#write(change);
    await this.#rollBackUnlessInForce(change.kind, [ref]);
    return ref;
  }

  /**
   * Merges `changes` into the document: lists are replaced as a whole, null removes a property.
   * @param mayChange throws when the stored resource may not be changed
   */
  update(
    kind: Kind,
    ref: string,
    changes: ResourceDocument,
    mayChange?: (current: Resource) => void,
  ): Promise<string> {
    return this.#changes.run(async () => {
      const { resource, address, stored } = await this.#find(kind, ref);
      mayChange?.(currentOf(resource, stored));
      const merged = mergeDocuments(stored.document, changes);
      const metadata = { ...metadataOf(merged), modifiedOn: this.#time() };
      const document = withRef({ ...merged, metadata }, kind, resource);
      // Unknown properties written by programs stay.
      const changed = this.#readValid(
        kind,
        document,
        ({ path }) => valueAt(stored.document, path) !== undefined,
      );
      refuseIfRenamed(resource, changed);
      this.#refuseIfViolating(changed, resource);
      const written = await this.#write({
        action: "update",
        address,
        ref,
        version: stored.version,
        document,
      });
      this.#refuseIfNotInForce(kind);
      return written;
    });
  }

  remove(kind: Kind, ref: string, mayChange?: (current: Resource) => void): Promise<void> {
    return this.#changes.run(async () => {
      const { resource, address, stored } = await this.#find(kind, ref);
      mayChange?.(currentOf(resource, stored));
      if (isLastUser(resource, this.#options.live.directory)) throw new WriteRefused("conflict", LAST_USER);
      if (hasDependents(resource, this.#options.live.directory)) {
        throw new WriteRefused("conflict", DEPENDENT);
      }
      await this.#write({ action: "remove", address, ref, version: stored.version });
      this.#refuseIfNotInForce(kind);
    });
  }

  async #find(kind: Kind, ref: string) {
    const { live, provider } = this.#options;
    await this.#catchUp(kind);
    const resource = live.directory.resource(kind, ref);
    const address: DocumentAddress | undefined = resource && live.addressOf(resource);
    const stored = address && await provider.read(address);
    if (!resource || !address || !stored) throw new WriteRefused("missing", "Not found");
    return { resource, address, stored };
  }

  async #write(change: DocumentChange): Promise<string> {
    const { provider, live } = this.#options;
    const kind = change.action === "create" ? change.kind : change.address.source.kind;
    const ref = await provider.write(change);
    await live.load(kind);
    return ref;
  }

  /** Loads changes made by hand, and refuses a change beside a fault or a loss: it would not be in force. */
  async #catchUp(kind: Kind): Promise<void> {
    const { live } = this.#options;
    await live.catchUp();
    const [faulty] = live.rejected(kind);
    if (faulty !== undefined) {
      throw new WriteRefused(
        "conflict",
        `The last edit of ${faulty} is not in force because of its faults: mend them first`,
      );
    }
    const [lost] = live.lost(kind);
    if (lost === undefined) return;
    throw new WriteRefused(
      "conflict",
      `${lost} has lost its content, which is still in force for a while: restore it first`,
    );
  }

  /** The document's storage may have been edited during the change. */
  #refuseIfNotInForce(kind: Kind): void {
    const [name] = this.#options.live.rejected(kind);
    if (name === undefined) return;
    throw new WriteRefused(
      "conflict",
      `The change is written, but not in force: ${name} was edited, and has faults`,
    );
  }

  #readValid(kind: Kind, document: ResourceDocument, tolerates?: Tolerance): Resource {
    const { resource, problems = [] } = readResource(kind, document, tolerates);
    if (resource === undefined) throw invalidDocument(kind, problems);
    return resource;
  }

  #refuseIfViolating(resource: Resource, before: Resource | undefined): void {
    const view = before === undefined ? this.#view() : this.#view().excluding(before);
    refuseViolations(resource.kind, constraintViolations(resource, view));
  }

  #view(): ResourceView {
    const { live: { directory }, hasUniqueGateways = false } = this.#options;
    return new ResourceView({ directory, hasUniqueGateways });
  }

  #time(): string {
    const { clock = systemClock } = this.#options;
    return new Date(clock.wallTime()).toISOString();
  }
}

/** Without a user, nobody could log in to make one. */
function isLastUser({ kind }: Resource, directory: Directory): boolean {
  return kind === "User" && [...directory.resources("User")].length === 1;
}

/** A resource that others refer to cannot be removed. */
function hasDependents(resource: Resource, directory: Directory): boolean {
  const isReferredTo = (kind: Kind, refers: (other: Resource) => boolean) => {
    for (const other of directory.resources(kind)) if (refers(other)) return true;
    return false;
  };
  switch (resource.kind) {
    case "Domain":
      return isReferredTo(
        "Agent",
        (agent) => agent.kind === "Agent" && agent.domains.includes(resource.domainUri),
      );
    case "Gateway":
      return isReferredTo("DID", (did) => did.kind === "DID" && directory.gateway(did.gwRef) === resource);
    case "DID":
      return isReferredTo(
        "Domain",
        (domain) =>
          domain.kind === "Domain" && domain.egressPolicy !== undefined &&
          directory.did(domain.egressPolicy.didRef) === resource,
      );
    default:
      return false;
  }
}

/** Keeps the ref that was generated from a property which changes: others refer to it. */
function withRef(document: ResourceDocument, kind: Kind, { ref }: Resource): ResourceDocument {
  const metadata = metadataOf(document);
  if (metadata.ref !== undefined || readResource(kind, document, tolerateOthers).resource?.ref === ref) {
    return document;
  }
  return { ...document, metadata: { ...metadata, ref } };
}

function refuseIfRenamed(before: Resource, after: Resource): void {
  const path = before.ref === after.ref ? changedKey(before, after) : ["metadata", "ref"];
  if (path === undefined) return;
  const expected = "what it was: it is a readonly field, it cannot be changed";
  throw invalidDocument(after.kind, [{ path, found: "another value", expected }]);
}

function changedKey(before: Resource, after: Resource): PropertyPath | undefined {
  if (before.kind === "Gateway") return undefined;
  const isSame = before.kind === "Agent" && after.kind === "Agent"
    ? before.username === after.username
    : naturalKey(before) === naturalKey(after);
  return isSame ? undefined : NATURAL_KEYS[before.kind];
}

function metadataOf({ metadata }: ResourceDocument): Mapping {
  return isMapping(metadata) ? metadata : {};
}

/** Returns the resource of the stored document, under its known ref. */
function currentOf(known: Resource, { document }: StoredDocument): Resource {
  const { resource } = readResource(known.kind, document, tolerateOthers);
  return resource === undefined ? known : { ...resource, ref: known.ref };
}
