import {
  type DataProvider,
  type DocumentAddress,
  type DocumentChange,
  type DocumentProblem,
  type NewDocument,
  type Source,
  type StoredDocument,
  unreadableSource,
  WriteRefused,
} from "./data_provider.ts";
import { type Fault, faultOf, type Position } from "./fault.ts";
import { FolderWatch } from "./files/folder_watch.ts";
import { misnamedFiles } from "./files/misnamed_files.ts";
import { type Kind, KINDS, readResource, type ResourceReading } from "./resource.ts";
import { refuseNullTexts, ResourceFile } from "./files/resource_file.ts";
import { fileVersion, readTextFile } from "./files/text_file.ts";
import { tolerateOthers, unknownPropertiesWarning } from "./unknown_properties.ts";
import { refuseRepeatedRefs } from "./write_refusal.ts";
import { YamlPositions } from "./yaml/yaml_positions.ts";
import { readYamlList } from "./yaml/yaml_reader.ts";

const EXTENSIONS = [".yaml", ".yml"] as const;

const COLLECTIONS: readonly { kind: Kind; collection: string }[] = Object.entries(KINDS).flatMap(
  ([kind, { collections }]) => collections.map((collection) => ({ kind: kind as Kind, collection })),
);

interface FoundFile {
  readonly kind: Kind;
  readonly path: string;
  /** Differs whenever the content does. */
  readonly version: string;
  /** A second file of the same collection, which is ignored. */
  readonly ignored: string | undefined;
}

interface LoadedFile {
  readonly version: string;
  readonly source: Source;
  /** False when the text holds a single resource. */
  readonly isList: boolean;
}

/** Resources in the YAML files of a folder: `agents.yaml`, `domains.yaml`, … (`files_data_provider`). */
export class FilesDataProvider implements DataProvider {
  readonly #folder: string;
  #loaded: ReadonlyMap<string, LoadedFile> = new Map();
  /** Files by path, once they are read or written one document at a time. */
  readonly #files = new Map<string, ResourceFile>();
  #fingerprint = "";
  #isReachable: false | undefined;
  #watch: FolderWatch | undefined;

  constructor(folder: string) {
    this.#folder = folder.replace(/\/+$/, "") || "/";
  }

  async load(): Promise<readonly Source[]> {
    const reason = await unreadableReason(this.#folder);
    this.#isReachable = reason === undefined ? undefined : false;
    if (reason !== undefined) return this.#unreadable(reason);
    const files = await this.#findFiles();
    const misnamed = await misnamedFiles(this.#folder, COLLECTIONS);
    const loaded = new Map<string, LoadedFile>();
    for (const file of files) {
      const known = this.#loaded.get(file.path);
      loaded.set(file.path, known?.version === file.version ? known : await loadFile(file));
    }
    this.#loaded = loaded;
    for (const file of loaded.values()) this.#teach(file);
    this.#fingerprint = await this.#readFingerprint();
    return [...[...loaded.values()].map(({ source }) => source), ...misnamed];
  }

  async isLoaded(): Promise<boolean> {
    return await this.#readFingerprint() === this.#fingerprint;
  }

  get isReachable(): false | undefined {
    return this.#isReachable;
  }

  async locate(
    source: Source,
    problems: readonly DocumentProblem[],
  ): Promise<readonly (Position | undefined)[]> {
    const loaded = this.#loaded.get(source.name);
    const nowhere = problems.map(() => undefined);
    if (loaded === undefined || loaded.source !== source) return nowhere;
    const text = await Deno.readTextFile(source.name).catch(() => undefined);
    if (text === undefined || await fileVersion(source.name) !== loaded.version) return nowhere;
    const positions = await YamlPositions.of(text, loaded.isList ? source.resources.length : undefined);
    return problems.map((problem) => {
      const path = loaded.isList ? [problem.index, ...problem.path] : problem.path;
      return positions.find(path, problem.at);
    });
  }

  watch(onChange: () => void): void {
    this.#watch?.close();
    this.#watch = new FolderWatch(this.#folder, {
      fingerprint: () => this.#readFingerprint(),
      known: this.#fingerprint,
      onChange,
    });
  }

  async read({ source, index }: DocumentAddress): Promise<StoredDocument | undefined> {
    const ref = source.resources[index]?.ref;
    return ref === undefined ? undefined : await this.#file(source.kind, source.name).read({ ref, index });
  }

  /** Edits the file at the document's position; the rest keeps its bytes. */
  async write(change: DocumentChange): Promise<string> {
    if (change.action === "create") {
      refuseNullTexts(change.document);
      await this.#create(change.kind, [change]);
    } else {
      const { source, index } = change.address;
      // A colliding generated ref has another value above the providers.
      const address = { ref: source.resources[index]?.ref ?? change.ref, index };
      await this.#file(source.kind, source.name).change({ ...change, address });
    }
    return change.ref;
  }

  async createAll(kind: Kind, documents: readonly NewDocument[]): Promise<readonly string[]> {
    refuseRepeatedRefs(documents);
    for (const [i, { document }] of documents.entries()) refuseNullTexts(document, [i]);
    await this.#create(kind, documents);
    return documents.map(({ ref }) => ref);
  }

  close(): void {
    this.#watch?.close();
  }

  /** Writes into the existing file, or into a new one. */
  async #create(kind: Kind, documents: readonly NewDocument[]): Promise<void> {
    const refs = documents.map(({ ref }) => ref);
    const found = (await this.#findFiles()).filter((file) => file.kind === kind);
    const paths = found.map(({ path }) => path);
    const [path = `${this.#folder}/${KINDS[kind].collections[0]}${EXTENSIONS[0]}`, ...others] = paths;
    for (const other of others) {
      const ref = await this.#file(kind, other).findAny(refs);
      if (ref !== undefined) {
        throw new WriteRefused("conflict", `Cannot change ${path}: there is a "${ref}" in ${other} already`);
      }
    }
    await this.#file(kind, path).change({ action: "create", documents });
  }

  /** Returns unreadable sources for the known files, or for the folder itself if there are none. */
  #unreadable(reason: string): Source[] {
    this.#fingerprint = reason;
    const known = [...this.#loaded.values()].map(({ source: { kind, name } }) => ({ kind, name }));
    const sources = known.length > 0 ? known : [{ kind: COLLECTIONS[0].kind, name: this.#folder }];
    const found = `a folder that cannot be read (${reason})`;
    const fault = { file: this.#folder, property: "", found, expected: "a readable folder" };
    return sources.map((source) => unreadableSource(source, [fault]));
  }

  /** Returns a text that differs whenever there is something new to load. */
  async #readFingerprint(): Promise<string> {
    const reason = await unreadableReason(this.#folder);
    if (reason !== undefined) return reason;
    const misnamed = await misnamedFiles(this.#folder, COLLECTIONS);
    return [fingerprintOf(await this.#findFiles()), ...misnamed.map(({ name }) => name)].join("\n");
  }

  #file(kind: Kind, path: string): ResourceFile {
    const known = this.#files.get(path);
    if (known !== undefined) return known;
    const file = new ResourceFile(kind, path);
    this.#files.set(path, file);
    const loaded = this.#loaded.get(path);
    if (loaded !== undefined) this.#teach(loaded);
    return file;
  }

  #teach({ version, isList, source }: LoadedFile): void {
    if (!source.readable) return;
    const refs = source.resources.map((resource) => resource?.ref);
    this.#files.get(source.name)?.learn({ version, isList, refs });
  }

  async #findFiles(): Promise<FoundFile[]> {
    const files = await Promise.all(COLLECTIONS.map(async ({ kind, collection }) => {
      const candidates = await Promise.all(EXTENSIONS.map(async (extension) => {
        const path = `${this.#folder}/${collection}${extension}`;
        const version = await fileVersion(path);
        return version === undefined ? [] : [{ kind, path, version }];
      }));
      const [preferred, other] = candidates.flat();
      return preferred === undefined ? [] : [{ ...preferred, ignored: other?.path }];
    }));
    return files.flat();
  }
}

/** Returns the reason why a folder cannot be searched; undefined when it can, and when it does not exist. */
async function unreadableReason(folder: string): Promise<string | undefined> {
  try {
    await Deno.stat(`${folder}/.there-is-no-such-file`);
    return undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    return error instanceof Error ? error.name : String(error);
  }
}

function fingerprintOf(files: readonly FoundFile[]): string {
  return files.map(({ path, version }) => `${path} ${version}`).join("\n");
}

async function loadFile(file: FoundFile): Promise<LoadedFile> {
  const { kind, path, version } = file;
  const warnings = file.ignored === undefined ? [] : [`${file.ignored} is ignored, because there is ${path}`];
  const text = await readTextFile(path);
  if (typeof text !== "string") return unreadable(text);
  const { items, isList, problem } = await readYamlList(
    text,
    (document) => readResource(kind, document, tolerateOthers),
  );
  if (problem !== undefined) {
    const { found, expected, position } = problem;
    return unreadable({ file: path, ...position, property: "", found, expected });
  }
  const source = {
    kind,
    name: path,
    isOneText: true,
    looksCut: text !== "" && !text.endsWith("\n"),
    readable: true,
    resources: items.map(({ resource }) => resource),
    declared: items.flatMap(({ declared }) => declared ?? []),
    faults: await faultsOf(items, { path, text, isList }),
    warnings: [...warnings, ...unknownPropertiesWarning(path, items.map(({ unknown }) => unknown))],
  };
  return { version, source, isList };

  function unreadable(fault: Fault): LoadedFile {
    const source = { ...unreadableSource({ kind, name: path }, [fault]), warnings };
    return { version, source, isList: false };
  }
}

async function faultsOf(
  items: readonly ResourceReading[],
  { path, text, isList }: { path: string; text: string; isList: boolean },
): Promise<Fault[]> {
  if (items.every(({ problems }) => problems === undefined)) return [];
  const positions = await YamlPositions.of(text, isList ? items.length : undefined);
  return items.flatMap(({ problems }, index) =>
    (problems ?? []).map((problem) => {
      const position = positions.find(isList ? [index, ...problem.path] : problem.path, problem.at);
      return faultOf(problem, { file: path, position });
    })
  );
}
