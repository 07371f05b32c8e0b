/** tel URIs (RFC 3966). */

/** A tel URI: `tel:+1-201-555-0123;phone-context=…`. */
export class TelUri {
  readonly text: string;
  /** Digits, with a leading `+` if global, without visual separators. */
  readonly number: string;
  /** `;phone-context=example.com`, or "". */
  readonly parameters: string;

  private constructor(text: string, number: string, parameters: string) {
    this.text = text;
    this.number = number;
    this.parameters = parameters;
  }

  /** Returns undefined for text that is not a well-formed tel URI. */
  static parse(text: string): TelUri | undefined {
    const match = /^tel:(\+[0-9().-]+|[0-9a-fA-F*#().-]+)((?:;[^;?@<>\s]+)*)$/i.exec(text);
    if (!match) return undefined;
    const number = match[1].replace(/[().-]/g, "");
    if (!/[0-9*#]/.test(number)) return undefined;
    return new TelUri(text, number, match[2]);
  }

  /** Compares numbers by digits, and parameters in any order and case (RFC 3966 §4). */
  equals(other: TelUri): boolean {
    return this.number.toLowerCase() === other.number.toLowerCase() &&
      normalized(this.parameters) === normalized(other.parameters);
  }

  toString(): string {
    return this.text;
  }
}

/** Returns the parameters in one order and case; a number in `phone-context` loses its visual separators. */
function normalized(parameters: string): string {
  return parameters.toLowerCase().split(";").map(withoutSeparators).sort().join(";");
}

const CONTEXT = "phone-context=";

function withoutSeparators(parameter: string): string {
  if (!parameter.startsWith(`${CONTEXT}+`)) return parameter;
  return CONTEXT + parameter.slice(CONTEXT.length).replace(/[().-]/g, "");
}
