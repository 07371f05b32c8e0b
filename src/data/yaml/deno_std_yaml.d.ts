/** The used part of Deno's standard YAML reader, whose package has no types. */
export function parse(content: string, options: { schema: "failsafe" }): unknown;
