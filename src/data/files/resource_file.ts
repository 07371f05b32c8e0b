import { hash } from "node:crypto";
import {
  ChangedMeanwhile,
  type NewDocument,
  type ResourceDocument,
  type StoredDocument,
  WriteRefused,
} from "../data_provider.ts";
import { formatPath, type PropertyPath } from "../fault.ts";
import { cannotChange, readExactText, replaceFile, type TextAndVersion } from "./replaced_file.ts";
import { type Kind, readResource } from "../resource.ts";
import { SerialTasks } from "../../runtime/serial_tasks.ts";
import { Turn } from "../../runtime/turn.ts";
import { tolerateOthers } from "../unknown_properties.ts";
import { detailOf } from "../write_refusal.ts";
import { changeList, type DocumentList, type ListChange, readListItem } from "../yaml/yaml_list_edit.ts";
import { readYamlList } from "../yaml/yaml_reader.ts";
import { CannotEdit } from "../yaml/yaml_text_edits.ts";
import { type YamlMapping, yamlValueOf } from "../yaml/yaml_writing.ts";
import { isMapping } from "../../runtime/mapping.ts";

/** The content of a file in some version. */
export interface FileContent {
  readonly version: string;
  /** False when the text holds a single resource. */
  readonly isList: boolean;
  /** By position; undefined where a document is faulty. */
  readonly refs: readonly (string | undefined)[];
}

/** A document by its ref, with its last known position. */
export interface ItemAddress {
  readonly ref: string;
  readonly index: number;
}

/** `version` is that of the document at `address`, `ref` its new ref. */
export type ItemChange =
  | { readonly action: "create"; readonly documents: readonly NewDocument[] }
  | ExistingItem & { readonly action: "update"; readonly ref: string; readonly document: ResourceDocument }
  | ExistingItem & { readonly action: "remove"; readonly ref: string };

interface ExistingItem {
  readonly address: ItemAddress;
  readonly version: string;
}

/** Texts that `readYaml` reads as no value, quoted or not. */
const NULL_TEXTS = ["~", "null", "Null", "NULL"];

/**
 * The documents of one kind in a YAML file. Reading or changing one of them takes about as long as reading the bytes of
 * the file. All methods reject with `WriteRefused`.
 */
export class ResourceFile {
  readonly #path: string;
  readonly #kind: Kind;
  #known: FileContent | undefined;
  readonly #changes = new SerialTasks();

  constructor(kind: Kind, path: string) {
    this.#kind = kind;
    this.#path = path;
  }

  /** Takes over what loading found, for as long as the file has that version. */
  learn(content: FileContent): void {
    this.#known = content;
  }

  /** Returns the first of these refs that exists. */
  async findAny(refs: readonly string[]): Promise<string | undefined> {
    const file = await readExactText(this.#path);
    return file && firstKnown(refs, await this.#survey(file));
  }

  async read(address: ItemAddress): Promise<StoredDocument | undefined> {
    const file = await readExactText(this.#path);
    if (file === undefined) return undefined;
    const content = await this.#survey(file);
    const index = positionOf(address, content);
    return index < 0 ? undefined : await readAt(file.text, content, index);
  }

  change(change: ItemChange): Promise<void> {
    return this.#changes.run(() => this.#change(change));
  }

  async #change(change: ItemChange): Promise<void> {
    if (change.action === "update") refuseNullTexts(change.document);
    let refs: readonly (string | undefined)[] = [];
    let isList = true;
    const version = await replaceFile(this.#path, async (file) => {
      const content = file && await this.#survey(file);
      const list = listOf(file?.text ?? "", content);
      const listChange = await this.#listChange(change, list, content);
      const changed = change.action === "create" ? change.documents.map(({ ref }) => ref) : [change.ref];
      refs = refsAfter(content?.refs ?? [], listChange, changed);
      isList = content === undefined || content.isList || content.refs.length === 0;
      return await changeList(list, listChange).catch((error) => {
        throw error instanceof CannotEdit ? cannotChange("unwritable", this.#path, error.message) : error;
      });
    });
    this.#known = { version, isList, refs };
  }

  async #listChange(
    change: ItemChange,
    list: DocumentList,
    content: FileContent | undefined,
  ): Promise<ListChange> {
    if (change.action === "create") {
      const known = content && firstKnown(change.documents.map(({ ref }) => ref), content);
      if (known !== undefined) throw cannotChange("conflict", this.#path, `there is a "${known}" already`);
      const documents: YamlMapping[] = [];
      const turn = new Turn();
      for (const { document } of change.documents) {
        documents.push(yamlValueOf(document) as YamlMapping);
        if (turn.isOver) await turn.next();
      }
      return { action: "create", documents };
    }
    const { action, ref } = change;
    const index = content === undefined ? -1 : positionOf(change.address, content);
    const stored = index < 0 ? undefined : await readAt(list.text, content!, index);
    if (stored === undefined) throw cannotChange("missing", this.#path, `there is no "${ref}" any more`);
    if (stored.version !== change.version) {
      throw new ChangedMeanwhile(`Cannot change ${this.#path}: "${ref}" was changed by somebody else`);
    }
    if (action === "remove") return { action, index };
    return { action, index, document: yamlValueOf(change.document) as YamlMapping };
  }

  async #survey({ text, version }: TextAndVersion): Promise<FileContent> {
    if (this.#known?.version === version) return this.#known;
    const { items, isList, problem } = await readYamlList(
      text,
      (document) => readResource(this.#kind, document, tolerateOthers).resource?.ref,
    );
    if (problem !== undefined) {
      const line = problem.position === undefined ? "" : `line ${problem.position.line}: `;
      const reason = `it is not YAML (${line}found ${problem.found}, expected ${problem.expected})`;
      throw cannotChange("unwritable", this.#path, reason);
    }
    return this.#known = { version, isList, refs: items };
  }
}

function firstKnown(refs: readonly string[], content: FileContent): string | undefined {
  const known = new Set(content.refs);
  return refs.find((ref) => known.has(ref));
}

function positionOf({ ref, index }: ItemAddress, { refs }: FileContent): number {
  return refs[index] === ref ? index : refs.indexOf(ref);
}

function listOf(text: string, content: FileContent | undefined): DocumentList {
  return { text, isList: content?.isList ?? false, length: content?.refs.length ?? 0 };
}

async function readAt(
  text: string,
  content: FileContent,
  index: number,
): Promise<StoredDocument | undefined> {
  const document = await readListItem(listOf(text, content), index);
  if (!isMapping(document)) return undefined;
  // The text of the document does not show changes behind its aliases.
  return { document, version: hash("sha256", JSON.stringify(document)) };
}

function refsAfter(
  refs: readonly (string | undefined)[],
  change: ListChange,
  changed: readonly string[],
): readonly (string | undefined)[] {
  switch (change.action) {
    case "create":
      return [...refs, ...changed];
    case "update":
      return refs.with(change.index, changed[0]);
    case "remove":
      return refs.toSpliced(change.index, 1);
  }
}

/**
 * Throws `WriteRefused` for the first such text.
 * @param path the path of the document in what is written
 */
export function refuseNullTexts(document: unknown, path: PropertyPath = []): void {
  if (!isMapping(document)) return;
  for (const [name, value] of Object.entries(document)) {
    const valuePath = [...path, name];
    if (typeof value === "string" && NULL_TEXTS.includes(value)) {
      const found = `the text "${value}", which means no value in YAML files`;
      const detail = detailOf({ path: valuePath, found, expected: "another text" });
      throw new WriteRefused("invalid", `${formatPath(valuePath)} is ${found}`, [detail]);
    }
    refuseNullTexts(value, valuePath);
  }
}
