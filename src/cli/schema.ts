/** `routr schema KIND`: JSON Schemas with which editors complete and check configuration files. */
import { configurationSchema } from "../config/configuration.ts";
import { DEFAULT_PROVIDER, PARAMETERS } from "../config/data_source.ts";
import { wordsPattern } from "../data/json_form.ts";
import {
  documentFileSchema,
  type JsonSchema,
  jsonSchemaOf,
  resourceFileSchema,
} from "../data/json_schema.ts";
import { type Kind, KINDS } from "../data/resource.ts";

const RESOURCES = Object.entries(KINDS).map(([kind, { collections }]) => ({
  kind: kind as Kind,
  collections,
}));

/** The names of files with a schema, without their endings: `config`, `agents`, … */
export const SCHEMA_NAMES: readonly string[] = [
  "config",
  ...RESOURCES.map(({ collections }) => collections[0]),
];

/** Prints the schema of a kind, in any case, singular or plural. Returns the exit status. */
export function schema(kind: string): number {
  const text = schemaText(kind);
  if (text === undefined) {
    const known = "config, user, agent, domain, gateway, did or peer";
    console.error(`routr: There is no schema of "${kind}", only of ${known}`);
    return 2;
  }
  console.log(text.trimEnd());
  return 0;
}

/** Returns the schema as it is written to its file; undefined for an unknown kind. */
export function schemaText(kind: string): string | undefined {
  const schema = schemaOf(kind.toLowerCase());
  return schema && `${JSON.stringify(schema, null, 2)}\n`;
}

function schemaOf(name: string): JsonSchema | undefined {
  if (name === "config") return configurationFileSchema();
  const resource = RESOURCES.find(({ collections }) =>
    collections.some((collection) => name === collection || `${name}s` === collection)
  );
  return resource && resourceFileSchema(resource.kind);
}

/** Returns the schema of `config.yaml`, in which the parameters of the data source depend on its provider. */
function configurationFileSchema(): JsonSchema {
  const file = documentFileSchema("General configuration", configurationSchema);
  const dataSource = ["spec", "dataSource"].reduce(
    (schema, name) => (schema.properties as Record<string, JsonSchema>)[name],
    file,
  );
  dataSource.allOf = Object.entries(PARAMETERS).map(([provider, parameters]) => {
    const form = jsonSchemaOf(parameters);
    return {
      if: {
        properties: { provider: { type: "string", pattern: wordsPattern([provider]) } },
        ...(provider === DEFAULT_PROVIDER ? {} : { required: ["provider"] }),
      },
      then: {
        properties: { parameters: { anyOf: [form, { type: "string" }] } },
        ...(form.required === undefined ? {} : { required: ["parameters"] }),
      },
    };
  });
  return file;
}
