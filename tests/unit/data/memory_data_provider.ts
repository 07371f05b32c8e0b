import {
  type DataProvider,
  type DocumentAddress,
  type DocumentChange,
  type NewDocument,
  type Source,
  type StoredDocument,
  WriteRefused,
} from "../../../src/data/data_provider.ts";
import { type Kind, readResource } from "../../../src/data/resource.ts";
import type { Document } from "../../support/resources.ts";
import { sourceOf } from "./sources.ts";

/** A writable provider of documents in memory. */
export class MemoryDataProvider implements DataProvider {
  readonly documents: Partial<Record<Kind, Document[]>>;
  /** Called before each write, after all checks. */
  beforeWrite: () => Promise<void> | void = () => {};
  #onChange: () => void = () => {};

  constructor(documents: Partial<Record<Kind, Document[]>>) {
    this.documents = documents;
  }

  load(): Promise<readonly Source[]> {
    return Promise.resolve(
      Object.entries(this.documents).map(([kind, documents]) => sourceOf(kind as Kind, documents)),
    );
  }

  readonly isReachable = true;

  isLoaded(): Promise<boolean> {
    return Promise.resolve(true);
  }

  locate: DataProvider["locate"] = (_source, problems) => Promise.resolve(problems.map(() => undefined));

  watch(onChange: () => void): void {
    this.#onChange = onChange;
  }

  read({ source, index }: DocumentAddress): Promise<StoredDocument | undefined> {
    const document = this.documents[source.kind]?.[index];
    return Promise.resolve(document && { document, version: JSON.stringify(document) });
  }

  async write(change: DocumentChange): Promise<string> {
    await this.beforeWrite();
    if (change.action === "create") {
      (this.documents[change.kind] ??= []).push(change.document);
      return change.ref;
    }
    const { kind } = change.address.source;
    const documents = this.documents[kind] ?? [];
    const index = documents.findIndex((one) => JSON.stringify(one) === change.version);
    if (index < 0) throw new WriteRefused("conflict", "It was changed meanwhile");
    if (change.action === "remove") documents.splice(index, 1);
    else documents[index] = change.document;
    return change.ref;
  }

  async createAll(kind: Kind, documents: readonly NewDocument[]): Promise<readonly string[]> {
    await this.beforeWrite();
    (this.documents[kind] ??= []).push(...documents.map(({ document }) => document));
    return documents.map(({ ref }) => ref);
  }

  /** Changes documents without notice, as an operator does. */
  change(kind: Kind, documents: Document[]): void {
    for (const document of documents) {
      if (readResource(kind, document).resource === undefined) throw new TypeError("Not a resource");
    }
    this.documents[kind] = documents;
    this.#onChange();
  }

  close(): void {
    this.#onChange = () => {};
  }
}
