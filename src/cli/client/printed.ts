/** What scripts read: JSON, or YAML that can be edited and applied. */
import type { Output } from "./client_command.ts";
import { printable } from "./table.ts";

/** Without an end of the last line. */
export async function printed(value: unknown, output: Exclude<Output, "table">): Promise<string> {
  return output === "json" ? printable(JSON.stringify(value ?? null, null, 2)) : await yamlOf(value ?? null);
}

async function yamlOf(value: unknown): Promise<string> {
  const { Document, visit } = await import("yaml");
  // What only looks like a number stays a text, whichever version of YAML it is read by.
  const document = new Document(value, { compat: "yaml-1.1", aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_key, node) {
      // Escapes have their meaning in double quotes only.
      if (typeof node.value === "string" && printable(node.value) !== node.value) node.type = "QUOTE_DOUBLE";
    },
  });
  return printable(document.toString({ lineWidth: 0 }).trimEnd());
}
