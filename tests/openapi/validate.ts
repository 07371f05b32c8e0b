/**
 * A program that validates an OpenAPI document, and answers against it. It has its own configuration, so that starting
 * the server does not download the validators. Reads a `ValidationRequest` from the standard input, writes a
 * `ValidationResult`.
 */
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/2020";
import type { ValidatedAnswer, ValidationRequest, ValidationResult } from "./validation.ts";

if (import.meta.main) {
  const request = await new Response(Deno.stdin.readable).json();
  console.log(JSON.stringify(await validate(request)));
}

async function validate({ contract, answers }: ValidationRequest): Promise<ValidationResult> {
  const validator = new Validator();
  const { errors = [] } = await validator.validate(structuredClone(contract) as never);
  const ajv = schemasOf(contract);
  return { version: validator.version, errors, faults: answers.map((answer) => faultOf(ajv, answer)) };
}

/** Compiles the schemas within their document, so that references resolve; an unknown keyword is a fault. */
function schemasOf(contract: object): Ajv2020 {
  const ajv = new Ajv2020({
    strictSchema: true,
    strictTypes: false,
    strictTuples: false,
    allowMatchingProperties: true,
    validateFormats: false,
  });
  ajv.addVocabulary(["openapi", "info", "servers", "tags", "security", "paths", "components"]);
  ajv.addSchema(contract, "contract");
  return ajv;
}

function faultOf(ajv: Ajv2020, { path, method, status, type, value }: ValidatedAnswer): string {
  const steps = ["paths", path, method.toLowerCase(), "responses", status, "content", type, "schema"];
  const pointer = steps.map((step) => encodeURIComponent(step.replaceAll("~", "~0").replaceAll("/", "~1")));
  const check = ajv.getSchema(`contract#/${pointer.join("/")}`);
  if (check === undefined) return "no schema";
  return value === undefined || check(value) ? "" : ajv.errorsText(check.errors);
}
