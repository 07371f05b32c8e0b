/** Log lines by kind: level, part and message without what differs from line to line. */

/** A kind of line that is expected, and when. */
export interface ExpectedLines {
  /** Of the kind: `warning location: Cannot write …`. */
  readonly pattern: RegExp;
  readonly why: string;
}

export interface LineCount {
  readonly kind: string;
  readonly count: number;
  readonly isExpected: boolean;
  /** The first line of this kind. */
  readonly example: string;
}

/** Kinds that are counted; the others are counted together. */
const MAX_KINDS = 200;
const OTHERS = "other kinds";
const MAX_EXAMPLE = 300;
const MAX_LATEST = 10;

interface JsonLine {
  readonly level: string;
  readonly message: string;
  readonly logger: string;
  readonly properties?: Readonly<Record<string, unknown>>;
}

export class LogTally {
  readonly #expected: readonly ExpectedLines[];
  readonly #latest: string[] = [];
  readonly #kinds = new Map<string, { count: number; readonly example: string }>();

  constructor(expected: readonly ExpectedLines[]) {
    this.#expected = expected;
  }

  /** The last lines, whatever their kind. */
  get latest(): string {
    return this.#latest.join("\n");
  }

  /** @param line JSON as the server writes it with `LOG_FORMAT=json`; anything else is a kind of its own */
  add(line: string): void {
    if (line.trim() === "") return;
    this.#latest.push(line);
    if (this.#latest.length > MAX_LATEST) this.#latest.shift();
    const kind = this.#room(kindOf(line));
    const known = this.#kinds.get(kind);
    if (known) known.count++;
    else this.#kinds.set(kind, { count: 1, example: line.slice(0, MAX_EXAMPLE) });
  }

  /** All kinds, unexpected ones first, then by their number. */
  counts(): LineCount[] {
    return [...this.#kinds].map(([kind, { count, example }]) => ({
      kind,
      count,
      example,
      isExpected: isQuiet(kind) || this.#expected.some(({ pattern }) => pattern.test(kind)),
    })).sort((a, b) => Number(a.isExpected) - Number(b.isExpected) || b.count - a.count);
  }

  #room(kind: string): string {
    return this.#kinds.has(kind) || this.#kinds.size < MAX_KINDS ? kind : OTHERS;
  }
}

/** `info registrar: {aor} registered …`: values of properties give way to their names, numbers to N. */
export function kindOf(line: string): string {
  let json: JsonLine;
  try {
    json = JSON.parse(line);
  } catch {
    return `output: ${withoutNumbers(line).slice(0, MAX_EXAMPLE)}`;
  }
  const { level, message, logger, properties = {} } = json;
  const values = Object.entries(properties)
    .map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)] as const)
    .filter(([, value]) => value !== undefined && value !== "")
    .sort(([, a], [, b]) => b.length - a.length);
  const text = values.reduce((rest, [name, value]) => rest.replaceAll(value, `{${name}}`), String(message));
  return `${level.toLowerCase()} ${logger.replace(/^routr\./, "")}: ${withoutNumbers(text)}`;
}

function withoutNumbers(text: string): string {
  return text.replace(/sips?:[^\s,>"]+/g, "URI").replace(/\d+(\.\d+)*/g, "N");
}

function isQuiet(kind: string): boolean {
  return /^(info|debug|trace) /.test(kind);
}
