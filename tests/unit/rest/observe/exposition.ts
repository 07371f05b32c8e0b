/** A strict reader of the text exposition format of Prometheus (0.0.4). */
export interface Family {
  readonly help?: string;
  readonly type: string;
  readonly samples: readonly Sample[];
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*/;
const TYPES = ["counter", "gauge", "histogram", "summary", "untyped"];
const VALUE = /^(?:NaN|[+-]?Inf|[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)$/i;

/** Reads a text. Throws a `SyntaxError` with the line. */
export function readExposition(text: string): ReadonlyMap<string, Family> {
  if (!text.endsWith("\n")) throw new SyntaxError("The last line has no end");
  const families = new Map<string, { help?: string; type?: string; samples: Sample[] }>();
  let current = "";
  for (const line of text.slice(0, -1).split("\n")) {
    const fail = (reason: string): never => {
      throw new SyntaxError(`${reason}: ${line}`);
    };
    const comment = /^# (HELP|TYPE) ([^ ]+) (.*)$/.exec(line);
    const name = comment ? comment[2] : NAME.exec(line)?.[0] ?? fail("No name");
    if (NAME.exec(name)?.[0] !== name) fail("A bad name");
    if (name !== current && families.has(name)) fail("A family in two places");
    current = name;
    const family = families.get(name) ?? { samples: [] };
    families.set(name, family);
    if (comment?.[1] === "HELP") {
      if (family.help !== undefined) fail("A second HELP");
      family.help = unescaped(comment[3], "n\\") ?? fail("A bad escape");
    } else if (comment) {
      if (family.type !== undefined || family.samples.length > 0) fail("TYPE too late");
      family.type = TYPES.includes(comment[3]) ? comment[3] : fail("A bad type");
    } else {
      const rest = new Rest(line.slice(name.length), fail);
      const labels = rest.labels();
      if (family.samples.some((sample) => JSON.stringify(sample.labels) === JSON.stringify(labels))) {
        fail("A sample twice");
      }
      family.samples.push({ labels, value: rest.value() });
    }
  }
  return new Map([...families].map(([name, { type = "untyped", ...family }]) => [name, { ...family, type }]));
}

/** The rest of a line after the name of the sample. */
class Rest {
  #text: string;
  readonly #fail: (reason: string) => never;

  constructor(text: string, fail: (reason: string) => never) {
    this.#text = text;
    this.#fail = fail;
  }

  labels(): Record<string, string> {
    const labels: Record<string, string> = {};
    if (!this.#take(/^\{/)) return labels;
    while (!this.#take(/^\}/)) {
      const [name] = this.#take(LABEL_NAME) ?? this.#fail("No label");
      const [, value] = this.#take(/^="((?:[^"\\]|\\.)*)"/) ?? this.#fail("No label value");
      if (name in labels) this.#fail("A label twice");
      labels[name] = unescaped(value, 'n\\"') ?? this.#fail("A bad escape");
      if (!this.#take(/^,/) && !this.#text.startsWith("}")) this.#fail("No end of labels");
    }
    return labels;
  }

  value(): number {
    const [, value, timestamp] = /^[ \t]+(\S+)(?:[ \t]+(\S+))?$/.exec(this.#text) ?? this.#fail("No value");
    if (!VALUE.test(value)) this.#fail("A bad value");
    if (timestamp !== undefined && !/^-?\d+$/.test(timestamp)) this.#fail("A bad time");
    return Number(value.replace(/inf$/i, "Infinity"));
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    const found = pattern.exec(this.#text) ?? undefined;
    if (found) this.#text = this.#text.slice(found[0].length);
    return found;
  }
}

/** Returns undefined for an invalid escape. */
function unescaped(text: string, escapes: string): string | undefined {
  let isGood = true;
  const plain = text.replace(/\\(.?)/g, (_escape, character: string) => {
    if (character === "" || !escapes.includes(character)) isGood = false;
    return character === "n" ? "\n" : character;
  });
  return isGood ? plain : undefined;
}
