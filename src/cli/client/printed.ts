/** Output for scripts: JSON, or YAML that can be edited and applied. */
import type { Output } from "./client_command.ts";
import { printable } from "./table.ts";

/** Returns the text without a newline at the end. */
export async function printed(value: unknown, output: Exclude<Output, "table">): Promise<string> {
  return output === "json" ? printable(JSON.stringify(value ?? null, null, 2)) : await yamlOf(value ?? null);
}

async function yamlOf(value: unknown): Promise<string> {
  const { Document, visit } = await import("yaml");
  // Quotes texts that YAML 1.1 or 1.2 would read as something else.
  const document = new Document(value, { compat: "yaml-1.1", aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_key, node) {
      // Escapes need double quotes.
      if (typeof node.value === "string" && printable(node.value) !== node.value) node.type = "QUOTE_DOUBLE";
    },
  });
  return printable(document.toString({ lineWidth: 0 }).trimEnd());
}
