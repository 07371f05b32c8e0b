/** A fault in a text of an operator: its position, what was found, and what was expected. */
export interface Fault {
  /** The file, or another source of documents: `config/agents.yaml`, `environment`. */
  readonly file: string;
  /** Counted from 1; absent where the source has no lines, or when the file changed meanwhile. */
  readonly line?: number;
  readonly column?: number;
  /** The path inside the document, `spec.domains[0]`, or the name of a variable; empty for the whole text. */
  readonly property: string;
  /** Completes "… is": `"exmaple.org"`, `missing`, `a list`. Never holds a secret. */
  readonly found: string;
  /** Completes "expected …": `one of the configured domains`. */
  readonly expected: string;
  /** The known name most similar to the found one. */
  readonly nearest?: string;
}

/** A path into a document; each step is a name in a mapping or an index in a list. */
export type PropertyPath = readonly (string | number)[];

/** A fault without file and line. */
export interface Problem {
  readonly path: PropertyPath;
  /** Tells whether the name at the end of `path` is wrong, or its value. */
  readonly at: "key" | "value";
  readonly found: string;
  readonly expected: string;
  readonly nearest?: string;
}

/** A problem of a value. */
export type PropertyProblem = Omit<Problem, "at">;

/** A line and a column of a text, both counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/**
 * Returns one line:
 * `config/agents.yaml:7:14: spec.domains[0] is "exmaple.org", expected one of the configured domains (did you mean
 * "example.org"?)`.
 */
export function formatFault(fault: Fault): string {
  const position = fault.line === undefined ? "" : `:${fault.line}:${fault.column ?? 1}`;
  const statement = fault.property === "" ? `found ${fault.found}` : `${fault.property} is ${fault.found}`;
  const hint = fault.nearest === undefined ? "" : ` (did you mean "${fault.nearest}"?)`;
  return `${fault.file}${position}: ${statement}, expected ${fault.expected}${hint}`;
}

export function faultOf(problem: Problem, source: { file: string; position?: Position }): Fault {
  return {
    file: source.file,
    ...source.position,
    property: formatPath(problem.path),
    found: problem.found,
    expected: problem.expected,
    ...(problem.nearest === undefined ? {} : { nearest: problem.nearest }),
  };
}

/** Returns `spec.domains[0]` for `["spec", "domains", 0]`. */
export function formatPath(path: PropertyPath): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else text += text === "" ? step : `.${step}`;
  }
  return text;
}

/** Returns the path as a JSON Pointer (RFC 6901): `/spec/domains/0`. */
export function jsonPointer(path: PropertyPath): string {
  return path.map((step) => `/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/** Matches the names of properties and variables that hold a secret. */
export const SECRET_NAME = /secret|password|^salt(?!_?file$)|jaas|^ha1$|^md5$|^sha-?256$/i;

/** Reports whether a property or variable holds a secret, alone or among other things. */
export function mayHoldSecret(name: string): boolean {
  return SECRET_NAME.test(name) || /^credentials$|parameters$/i.test(name);
}

const MAX_VALUE_LENGTH = 60;
const PASSWORD_IN_URI = /(:\/+|\bsips?:)([^:@/\s]*):[^@\s]*@/gi;

/**
 * Quotes a value for a fault. Secret properties and passwords in URIs are hidden; lists and mappings are only named,
 * since they may hold secrets, be huge, or contain themselves.
 */
export function describeValue(value: unknown, path: PropertyPath): string {
  if (value === undefined) return "missing";
  if (value === null) return "empty";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object") return "a mapping";
  if (mayHoldSecret(path.findLast((step) => typeof step === "string") ?? "")) return "a hidden value";
  if (typeof value !== "string") return String(value);
  const text = value.replace(PASSWORD_IN_URI, "$1$2:…@");
  return JSON.stringify(text.length > MAX_VALUE_LENGTH ? `${text.slice(0, MAX_VALUE_LENGTH)}…` : text);
}
