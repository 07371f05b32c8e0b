import type { DataProvider, DocumentProblem, Source } from "./data_provider.ts";
import { type Fault, faultOf, type Position } from "./fault.ts";
import { FolderWatch } from "./folder_watch.ts";
import { type Kind, KINDS, readResource, type ResourceReading } from "./resource.ts";
import { readTextFile } from "./text_file.ts";
import { YamlPositions } from "./yaml_positions.ts";
import { readYamlList } from "./yaml_reader.ts";

const EXTENSIONS = [".yaml", ".yml"] as const;

const COLLECTIONS: readonly { kind: Kind; collection: string }[] = Object.entries(KINDS).flatMap(
  ([kind, { collections }]) => collections.map((collection) => ({ kind: kind as Kind, collection })),
);

interface ResourceFile {
  readonly kind: Kind;
  readonly path: string;
  /** Differs whenever the content does. */
  readonly version: string;
  /** A file of the same collection that this one is preferred to. */
  readonly ignored: string | undefined;
}

interface LoadedFile {
  readonly version: string;
  readonly source: Source;
  /** Whether the document is a list, and not a single resource. */
  readonly isList: boolean;
}

/** Resources in the YAML files of a folder: `agents.yaml`, `domains.yaml`, … ("files_data_provider"). */
export class FilesDataProvider implements DataProvider {
  readonly #folder: string;
  #loaded: ReadonlyMap<string, LoadedFile> = new Map();
  #fingerprint = "";
  #watch: FolderWatch | undefined;

  constructor(folder: string) {
    this.#folder = folder.replace(/\/+$/, "") || "/";
  }

  async load(): Promise<readonly Source[]> {
    const files = await this.#findFiles();
    const loaded = new Map<string, LoadedFile>();
    for (const file of files) {
      const known = this.#loaded.get(file.path);
      loaded.set(file.path, known?.version === file.version ? known : await loadFile(file));
    }
    this.#loaded = loaded;
    this.#fingerprint = fingerprintOf(files);
    return [...loaded.values()].map(({ source }) => source);
  }

  async locate(
    source: Source,
    problems: readonly DocumentProblem[],
  ): Promise<readonly (Position | undefined)[]> {
    const loaded = this.#loaded.get(source.name);
    const nowhere = problems.map(() => undefined);
    if (loaded === undefined || loaded.source !== source) return nowhere;
    const text = await Deno.readTextFile(source.name).catch(() => undefined);
    if (text === undefined || await versionOf(source.name) !== loaded.version) return nowhere;
    const positions = await YamlPositions.of(text, loaded.isList ? source.resources.length : undefined);
    return problems.map((problem) => {
      const path = loaded.isList ? [problem.index, ...problem.path] : problem.path;
      return positions.find(path, problem.at);
    });
  }

  watch(onChange: () => void): void {
    this.#watch?.close();
    this.#watch = new FolderWatch(this.#folder, {
      fingerprint: async () => fingerprintOf(await this.#findFiles()),
      known: this.#fingerprint,
      onChange,
    });
  }

  close(): void {
    this.#watch?.close();
  }

  async #findFiles(): Promise<ResourceFile[]> {
    const files = await Promise.all(COLLECTIONS.map(async ({ kind, collection }) => {
      const candidates = await Promise.all(EXTENSIONS.map(async (extension) => {
        const path = `${this.#folder}/${collection}${extension}`;
        const version = await versionOf(path);
        return version === undefined ? [] : [{ kind, path, version }];
      }));
      const [preferred, other] = candidates.flat();
      return preferred === undefined ? [] : [{ ...preferred, ignored: other?.path }];
    }));
    return files.flat();
  }
}

function fingerprintOf(files: readonly ResourceFile[]): string {
  return files.map(({ path, version }) => `${path} ${version}`).join("\n");
}

/** Differs when content or permissions do; undefined if there is no such file. */
async function versionOf(path: string): Promise<string | undefined> {
  try {
    const { mtime, ctime, size, ino } = await Deno.stat(path);
    return `${mtime?.getTime()} ${ctime?.getTime()} ${size} ${ino}`;
  } catch (error) {
    return error instanceof Deno.errors.NotFound ? undefined : String(error);
  }
}

async function loadFile(file: ResourceFile): Promise<LoadedFile> {
  const { kind, path, version } = file;
  const warnings = file.ignored === undefined ? [] : [`${file.ignored} is ignored, because there is ${path}`];
  const text = await readTextFile(path);
  if (typeof text !== "string") return unreadable(text);
  const { items, isList, problem } = await readYamlList(text, (document) => readResource(kind, document));
  if (problem !== undefined) {
    const { found, expected, position } = problem;
    return unreadable({ file: path, ...position, property: "", found, expected });
  }
  const source = {
    kind,
    name: path,
    readable: true,
    resources: items.map(({ resource }) => resource),
    declared: items.flatMap(({ declared }) => declared ?? []),
    faults: await faultsOf(items, { path, text, isList }),
    warnings,
  };
  return { version, source, isList };

  function unreadable(fault: Fault): LoadedFile {
    const source = {
      kind,
      name: path,
      readable: false,
      resources: [],
      declared: [],
      faults: [fault],
      warnings,
    };
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
