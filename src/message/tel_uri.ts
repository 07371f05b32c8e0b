/** tel URIs (RFC 3966). */

/** `tel:+1-201-555-0123;phone-context=…`. */
export class TelUri {
  readonly text: string;
  /** Digits with a leading `+` when global; visual separators removed. */
  readonly number: string;
  /** `;phone-context=example.com`, or "". */
  readonly parameters: string;

  private constructor(text: string, number: string, parameters: string) {
    this.text = text;
    this.number = number;
    this.parameters = parameters;
  }

  /** The URI in `text`, or undefined when it is not a well-formed tel URI. */
  static parse(text: string): TelUri | undefined {
    const match = /^tel:(\+[0-9().-]+|[0-9a-fA-F*#().-]+)((?:;[^;?@<>\s]+)*)$/i.exec(text);
    if (!match) return undefined;
    const number = match[1].replace(/[().-]/g, "");
    if (!/[0-9*#]/.test(number)) return undefined;
    return new TelUri(text, number, match[2]);
  }

  /** RFC 3966 §4: numbers by their digits, parameters in any order, without regard to case. */
  equals(other: TelUri): boolean {
    return this.number.toLowerCase() === other.number.toLowerCase() &&
      normalized(this.parameters) === normalized(other.parameters);
  }

  toString(): string {
    return this.text;
  }
}

/** Parameters in one order and case; a number in `phone-context` without its visual separators. */
function normalized(parameters: string): string {
  return parameters.toLowerCase().split(";").map(withoutSeparators).sort().join(";");
}

const CONTEXT = "phone-context=";

function withoutSeparators(parameter: string): string {
  if (!parameter.startsWith(`${CONTEXT}+`)) return parameter;
  return CONTEXT + parameter.slice(CONTEXT.length).replace(/[().-]/g, "");
}
