/** The part of Deno's standard YAML reader that is used; its package ships no types. */
export function parse(content: string, options: { schema: "failsafe" }): unknown;
