/** Valid and invalid requests generated from an OpenAPI document; the same seed gives the same requests. */

export type Schema = Readonly<Record<string, unknown>>;

export interface Contract {
  readonly paths: Readonly<Record<string, Readonly<Record<string, ContractOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

export interface ContractOperation {
  readonly operationId: string;
  readonly security?: readonly unknown[];
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly schema: Schema }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: Schema }>> }>
  >;
}

export interface GeneratedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Values that clients should not send. */
const ODD_TEXTS = [
  "",
  " ",
  "0",
  "-1",
  "1e400",
  "null",
  "__proto__",
  "../../etc/passwd",
  "a".repeat(5000),
  "%00",
  "\u0000",
  "é€😀",
  "sip:1001@sip.local",
  "sip:@",
  "@.a==",
  "@..[?(",
  "'",
  '"',
  "<script>",
  "*",
  "NaN",
  "true",
  "[]",
  "{}",
];
const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1e308,
  "",
  "x",
  "changed\r\nx: y",
  [],
  [[]],
  {},
  { "": {} },
  { spec: null },
  [null, 1],
  JSON.parse('{"__proto__": {"a": 1}, "constructor": {"prototype": 1}}'),
];
const ODD_BODIES = [
  "",
  "{",
  "[1,",
  "\u0000",
  "- a: [",
  "&a [*a]",
  "{}{}",
  "\ufeff{}",
  "a: b: c",
  "[".repeat(3000),
];

/** Conditional fields (RFC 9110 §13), origins and others. */
const ODD_HEADERS: readonly (readonly [name: string, values: readonly string[]])[] = [
  ["if-match", ["*", '"x"', "", "W/"]],
  ["if-none-match", ["*", '"x"', "x,*"]],
  ["origin", ["https://elsewhere.example", "null"]],
  ["accept", ["text/html", "application/xml", ""]],
  ["last-event-id", ["x", "1-1"]],
];

/** A reproducible random generator (xorshift32). */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0 || 1;
  }

  /** Returns an integer below `bound`. */
  below(bound: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % bound;
  }

  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)];
  }

  /** Returns true with the probability 1 / `times`. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }
}

export class RequestGenerator {
  readonly #contract: Contract;
  readonly #chance: Chance;
  readonly #known: readonly string[];
  /** The request ignores the schemas. */
  #isWild = false;

  /** @param known values for path parameters, existing or not */
  constructor(contract: Contract, chance: Chance, known: readonly string[]) {
    this.#contract = contract;
    this.#chance = chance;
    this.#known = known;
  }

  request(method: string, path: string, operation: ContractOperation): GeneratedRequest {
    const chance = this.#chance;
    this.#isWild = !chance.oneIn(3);
    const filled = path.replaceAll(/\{\w+\}/g, () => this.#segment());
    const query = new URLSearchParams();
    for (const { name, in: place, schema } of operation.parameters) {
      if (place !== "query" || chance.oneIn(3)) continue;
      query.append(name, chance.oneIn(2) ? this.#oddText() : String(this.value(schema) ?? ""));
    }
    const target = query.size === 0 ? filled : `${filled}?${query}`;
    const { headers, body } = this.#body(operation);
    return { method, path: target, headers: { ...this.#oddHeaders(), ...headers }, body };
  }

  /** Returns a value that mostly conforms to a schema. */
  value(schema: Schema, depth = 0): unknown {
    const chance = this.#chance;
    if (depth > 8 || this.#isWild && chance.oneIn(12)) return chance.of(ODD_VALUES);
    if (typeof schema.$ref === "string") {
      return this.value(this.#contract.components.schemas[schema.$ref.split("/").at(-1)!] ?? {}, depth + 1);
    }
    const choices = schema.anyOf as readonly Schema[] | undefined;
    if (choices !== undefined) {
      return this.value(this.#isWild ? chance.of(choices) : choices[0], depth + 1);
    }
    if (schema.const !== undefined) return schema.const;
    if (Array.isArray(schema.enum)) return chance.of(schema.enum);
    switch (Array.isArray(schema.type) ? chance.of(schema.type) : schema.type) {
      case "object":
        return this.#mapping(schema, depth);
      case "array":
        return Array.from(
          { length: chance.below(4) },
          () => this.value((schema.items ?? {}) as Schema, depth + 1),
        );
      case "integer":
      case "number":
        return chance.of([0, 1, 30, 5060, 65_536, -5, 2.5]);
      case "boolean":
        return chance.oneIn(2);
      case "string":
        return chance.of([
          ...this.#known,
          "sip.local",
          "192.0.2.1",
          "sip:1001@sip.local",
          `n${chance.below(1000)}`,
        ]);
      default:
        return chance.of(ODD_VALUES);
    }
  }

  #mapping(schema: Schema, depth: number): unknown {
    // `oneOf` lists properties of which one is required.
    const choices = (schema.oneOf ?? [{}]) as readonly Schema[];
    const required = [schema, this.#chance.of(choices)].flatMap((each) => each.required ?? []) as string[];
    if (!this.#isWild) {
      const all = (schema.properties ?? {}) as Readonly<Record<string, Schema>>;
      return Object.fromEntries(required.map((name) => [name, this.value(all[name] ?? {}, depth + 1)]));
    }
    const properties = Object.entries((schema.properties ?? {}) as Readonly<Record<string, Schema>>)
      .filter(([name]) => required.includes(name) || this.#chance.oneIn(2))
      .filter(() => !this.#chance.oneIn(20));
    return Object.fromEntries([
      ...properties.map(([name, each]) => [name, this.value(each, depth + 1)]),
      ...this.#chance.oneIn(10) ? [["unheardOf", 1]] : [],
    ]);
  }

  #body({ requestBody }: ContractOperation): Pick<GeneratedRequest, "headers" | "body"> {
    const chance = this.#chance;
    if (requestBody === undefined) return { headers: {} };
    const types = Object.keys(requestBody.content);
    const type = this.#isWild && chance.oneIn(10)
      ? chance.of(["text/html", "", "application/json; charset=x"])
      : chance.of(types);
    const boundary = type.startsWith("multipart/") ? "; boundary=xyz" : "";
    const headers: Record<string, string> = type === "" ? {} : { "content-type": `${type}${boundary}` };
    if (this.#isWild && chance.oneIn(8)) return { headers, body: chance.of(ODD_BODIES) };
    const { schema } = requestBody.content[type] ?? Object.values(requestBody.content)[0];
    const text = JSON.stringify(this.value(schema)) ?? "";
    if (boundary === "") return { headers, body: text };
    const disposition = chance.of([
      'form-data; name="file"; filename="a.yaml"',
      'form-data; name="other"',
      "",
    ]);
    return {
      headers,
      body: `--xyz\r\nContent-Disposition: ${disposition}\r\n\r\n${text}\r\n--xyz${
        chance.oneIn(6) ? "" : "--"
      }\r\n`,
    };
  }

  #oddHeaders(): Record<string, string> {
    const chosen = ODD_HEADERS.filter(() => this.#isWild && this.#chance.oneIn(3));
    return Object.fromEntries(chosen.map(([name, values]) => [name, this.#chance.of(values)]));
  }

  #segment(): string {
    const text = this.#chance.oneIn(2) ? this.#chance.of(this.#known) : this.#oddText();
    // An empty parameter would make the path of a list.
    return encodeURIComponent(text || "-");
  }

  #oddText(): string {
    return this.#chance.of(ODD_TEXTS);
  }
}
