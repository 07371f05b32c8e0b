/** Writes values as YAML text that every reader reads as the same values. */
import { isMapping } from "../../runtime/mapping.ts";

/** A value of a document, without null and undefined. */
export type YamlValue = string | number | boolean | readonly YamlValue[] | YamlMapping;
export interface YamlMapping {
  readonly [name: string]: YamlValue;
}

export type Quoting = "plain" | "single" | "double";

export interface ScalarStyle {
  /** Set within brackets or braces. */
  readonly isInFlow?: boolean;
  /** The preferred quotes; a plain text stays plain only if no reader takes it for something else. */
  readonly quoting?: Quoting;
}

/** Default indentation within a mapping, in spaces. */
export const DEFAULT_STEP = 2;
/** Longer lists take several lines. */
const MAX_LINE_LENGTH = 100;
/** A text that begins with a letter or slash and has no characters of YAML's syntax. */
const PLAIN = /^[\p{L}/](?:[\p{L}\p{M}\p{N} _.@+/=()-]|:(?! |$)|,)*(?<! )$/u;
const NETWORK = /^\d{1,3}(?:\.\d{1,3}){3}(?:\/[\d.]+)?$/;
/** Words with another meaning in YAML 1.1 or 1.2. */
const RESERVED = /^(?:true|false|yes|no|on|off|y|n|null|nan|inf|infinity)$/i;
/** Characters that need an escape in double quotes: unprintable ones, line ends, and those read as nothing. */
// deno-lint-ignore no-control-regex
const UNPRINTABLE = /[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]/u;

export function isList(value: YamlValue): value is readonly YamlValue[] {
  return Array.isArray(value);
}

/** Returns `document` without null and undefined values. */
export function yamlValueOf(document: unknown): YamlValue {
  if (Array.isArray(document)) return document.filter(isPresent).map(yamlValueOf);
  if (isMapping(document)) {
    const entries = Object.entries(document).filter(([, value]) => isPresent(value));
    return Object.fromEntries(entries.map(([name, value]) => [name, yamlValueOf(value)]));
  }
  return typeof document === "number" || typeof document === "boolean" ? document : String(document);
}

function isPresent(value: unknown): boolean {
  return value !== null && value !== undefined;
}

export function writeScalar(value: string | number | boolean, style: ScalarStyle = {}): string {
  if (typeof value !== "string") return String(value);
  if (UNPRINTABLE.test(value)) return writeDoubleQuoted(value);
  switch (style.quoting ?? "plain") {
    case "plain":
      return isPlain(value, style.isInFlow ?? false) ? value : writeSingleQuoted(value);
    case "single":
      return writeSingleQuoted(value);
    case "double":
      return writeDoubleQuoted(value);
  }
}

function isPlain(value: string, isInFlow: boolean): boolean {
  if (NETWORK.test(value)) return true;
  return PLAIN.test(value) && !RESERVED.test(value) && !(isInFlow && /[,:]/.test(value));
}

function writeSingleQuoted(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

function writeDoubleQuoted(value: string): string {
  // JSON is YAML, except for some characters that it does not escape.
  return JSON.stringify(value).replace(
    new RegExp(UNPRINTABLE, "gu"),
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Returns a value in one line: lists in brackets, mappings in braces; `quoting` applies to texts and names. */
export function writeFlow(value: YamlValue, quoting: Quoting = "plain"): string {
  const style = { isInFlow: true, quoting };
  if (isList(value)) return `[${value.map((item) => writeFlow(item, quoting)).join(", ")}]`;
  if (!isMapping(value)) return writeScalar(value, style);
  const entries = Object.entries<YamlValue>(value);
  return `{${entries.map((entry) => writeFlowEntry(...entry, quoting)).join(", ")}}`;
}

export function writeFlowEntry(name: string, value: YamlValue, quoting: Quoting): string {
  return `${writeScalar(name, { isInFlow: true, quoting })}: ${writeFlow(value, quoting)}`;
}

/** Returns a value for the line of its name or dash, outside of brackets. */
export function writeInline(value: YamlValue, quoting: Quoting = "plain"): string {
  return typeof value === "object" ? writeFlow(value, quoting) : writeScalar(value, { quoting });
}

/**
 * Returns the lines of an entry of a block mapping, the first without indentation.
 * @param step spaces of inner indentation
 */
export function writeEntry(name: string, value: YamlValue, step: number): string[] {
  const key = writeScalar(name);
  if (typeof value !== "object") return [`${key}: ${writeScalar(value)}`];
  const inner = isList(value) ? value : Object.keys(value);
  const line = `${key}: ${writeFlow(value)}`;
  if (inner.length === 0) return [line];
  if (!isList(value)) return [`${key}:`, ...indent(writeMapping(value, step), step)];
  if (value.every((item) => typeof item !== "object") && line.length <= MAX_LINE_LENGTH) return [line];
  return [`${key}:`, ...indent(value.flatMap((item) => writeItem(item, { step })), step)];
}

function writeMapping(mapping: YamlMapping, step: number): string[] {
  return Object.entries(mapping).flatMap(([name, value]) => writeEntry(name, value, step));
}

/**
 * Returns the lines of an item of a block list, from its dash.
 * @param gap spaces from the dash to the content
 */
export function writeItem(value: YamlValue, { step, gap = 2 }: { step: number; gap?: number }): string[] {
  const isBlock = isMapping(value) && Object.keys(value).length > 0;
  const lines = isBlock ? writeMapping(value as YamlMapping, step) : [writeInline(value)];
  const [first, ...others] = lines;
  return [`-${" ".repeat(gap - 1)}${first}`, ...indent(others, gap)];
}

/** Reports whether two values are read as the same: scalars by their text, entries in any order; nothing equals null. */
export function isSameValue(a: unknown, b: unknown): boolean {
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => isSameValue(item, b[i]));
  }
  if (!isMapping(a)) {
    return typeof b !== "object" && a !== undefined && b !== undefined && String(a) === String(b);
  }
  if (!isMapping(b)) return false;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && isSameValue(a[name], b[name]));
}

export function indent(lines: readonly string[], columns: number): string[] {
  return lines.map((line) => " ".repeat(columns) + line);
}
