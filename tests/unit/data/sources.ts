import {
  type DataProvider,
  type DocumentChange,
  type Source,
  WriteRefused,
} from "../../../src/data/data_provider.ts";
import { formatPath } from "../../../src/data/fault.ts";
import { type Kind, readResource, type Resource } from "../../../src/data/resource.ts";
import type { Document } from "../../support/resources.ts";

/** Returns the resource of a valid document. */
export function resourceOf(kind: Kind, document: Document): Resource {
  const { resource, problems } = readResource(kind, document);
  if (resource === undefined) throw new TypeError(`Cannot read document: ${JSON.stringify(problems)}`);
  return resource;
}

export function sourceOf(
  kind: Kind,
  documents: readonly Document[],
  name = `${kind.toLowerCase()}s`,
): Source {
  const items = documents.map((document) => readResource(kind, document));
  return {
    kind,
    name,
    isOneText: true,
    readable: true,
    resources: items.map(({ resource }) => resource),
    declared: items.flatMap(({ declared }) => declared ?? []),
    faults: items.flatMap(({ problems }, index) =>
      (problems ?? []).map(({ path, found, expected }) => ({
        file: name,
        line: index + 1,
        property: formatPath(path),
        found,
        expected,
      }))
    ),
    warnings: [],
  };
}

export function unreadableSource(kind: Kind, name = `${kind.toLowerCase()}s`): Source {
  const fault = { file: name, line: 1, property: "", found: "a tab as indentation", expected: "spaces" };
  return { kind, name, readable: false, resources: [], declared: [], faults: [fault], warnings: [] };
}

/** A provider whose content is set by a test; the line of a document is its position from 1. */
export class FakeDataProvider implements DataProvider {
  sources: readonly Source[] = [];
  #onChange: () => void = () => {};

  load(): Promise<readonly Source[]> {
    return Promise.resolve(this.sources);
  }

  readonly isReachable = true;

  isLoaded(): Promise<boolean> {
    return Promise.resolve(true);
  }

  locate: DataProvider["locate"] = (_source, problems) => {
    return Promise.resolve(problems.map(({ index }) => ({ line: index + 1, column: 1 })));
  };

  watch(onChange: () => void): void {
    this.#onChange = onChange;
  }

  read(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  write(_: DocumentChange): Promise<string> {
    return Promise.reject(new WriteRefused("unwritable", "The content is set by hand"));
  }

  createAll(): Promise<readonly string[]> {
    return Promise.reject(new WriteRefused("unwritable", "The content is set by hand"));
  }

  close(): void {
    this.#onChange = () => {};
  }

  change(sources: readonly Source[]): void {
    this.sources = sources;
    this.#onChange();
  }
}
