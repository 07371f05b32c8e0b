/** Property types of secrets and of their hashes. */
import * as z from "zod";
import { isMapping } from "../runtime/mapping.ts";
import type { PropertyPath } from "./fault.ts";
import { type Ha1, NO_HA1 } from "./ha1.ts";
import { type JsonForm, SCALAR, wordsPattern } from "./json_form.ts";
import { listOf, mapping, property, Refused, text, textOf } from "./property_types.ts";

/** `${NAME}` is an environment variable, `$${NAME}` the text `${NAME}`. */
const REFERENCE = /^(\$+)(\{([^{}=\0]+)\})$/;

/**
 * A text that faults never show. `${NAME}` is replaced by that environment variable when the document is read, so that
 * files hold no secrets. Other `$` are kept.
 */
export function secret(expected: string, form = /./s): z.ZodType<string> {
  return property(expected, (value) => {
    const written = textOf(value);
    const [, dollars, braces, name] = written?.startsWith("$") ? REFERENCE.exec(written) ?? [] : [];
    if (dollars !== "$") {
      const secret = dollars === undefined ? written : dollars.slice(1) + braces;
      return secret !== undefined && form.test(secret) ? secret : undefined;
    }
    const secret = variable(name);
    if (secret instanceof Refused) return secret;
    if (secret === undefined || secret === "") {
      const state = secret === undefined ? "not set" : "empty";
      return new Refused(`${written}, which is ${state}`, "an environment variable that is set");
    }
    return form.test(secret) ? secret : new Refused(`${written}, which holds something else`, expected);
  }, { type: SCALAR, minLength: 1, writeOnly: true });
}

/** Returns the value of an environment variable, or why the process may not read it. */
function variable(name: string): string | undefined | Refused {
  try {
    return Deno.env.get(name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    return new Refused(`\${${name}}, which the server may not read`, `a name that --allow-env has`);
  }
}

/** `spec.credentials`: a username, and either its secret or hashes of it. */
export function credentials(username: z.ZodType<string>, expected: string) {
  return mapping({
    username,
    secret: secret(expected).optional()
      .describe("The password; ${NAME} stands for the environment variable NAME."),
    ha1: listOf(writtenHa1()).optional()
      .describe("Hashes of username:realm:secret (RFC 7616), instead of the secret."),
  }).meta({ oneOf: [{ required: ["secret"] }, { required: ["ha1"] }] }).check(
    ({ value: { secret, ha1 }, issues }) => {
      if (secret === undefined && (ha1 === undefined || ha1.length === 0)) {
        issues.push({ code: "custom", message: `${expected}, or ha1`, path: ["secret"], input: undefined });
      } else if (secret !== undefined && ha1 !== undefined) {
        const params = { found: "there beside secret" };
        issues.push({
          code: "custom",
          message: "either secret or ha1",
          path: ["ha1"],
          params,
          input: undefined,
        });
      }
    },
  );
}

/** An item of `ha1`: hashes of `username:realm:secret` (RFC 7616 §3.4.2), named by algorithm in any spelling. */
type WrittenHa1 = z.output<ReturnType<typeof writtenHa1>>;

function writtenHa1() {
  const hashes = mapping({
    realm: text("a realm").optional()
      .describe("The realm that the hashes were made for; may be left out where it is clear."),
    md5: hexadecimal(32).optional().describe("MD5 of username:realm:secret, in hexadecimal digits."),
    sha256: hexadecimal(64).optional().describe("SHA-256 of username:realm:secret, in hexadecimal digits."),
  }).meta({
    minProperties: 1,
    patternProperties: {
      [wordsPattern(["md5"])]: hashForm(32),
      [wordsPattern(["sha256", "sha-256"])]: hashForm(64),
    },
  }).check(({ value: { md5, sha256 }, issues }) => {
    if (md5 !== undefined || sha256 !== undefined) return;
    const message = "md5 or sha256, the hash of username:realm:secret";
    issues.push({ code: "custom", message, path: ["md5"], input: undefined });
  });
  return z.preprocess(withPlainNames, hashes);
}

function hexadecimal(digits: number): z.ZodType<string> {
  const expected = `${digits} hexadecimal digits, the hash of username:realm:secret`;
  return secret(expected, new RegExp(`^[0-9a-f]{${digits}}$`, "i")).meta(hashForm(digits));
}

/** The form for editors: digits, or a variable. */
function hashForm(digits: number): JsonForm {
  return { type: SCALAR, pattern: `^(?:[0-9A-Fa-f]{${digits}}|\\$\\{[^{}=]+\\})$`, writeOnly: true };
}

/** Renames `MD5` and `SHA-256` to `md5` and `sha256`. A name that comes twice stays, and is unknown. */
function withPlainNames(value: unknown): unknown {
  if (!isMapping(value)) return value;
  const renamed: Record<string, unknown> = {};
  for (const [name, hash] of Object.entries(value)) {
    const plain = name.toLowerCase().replace("-", "");
    const isAlgorithm = plain === "md5" || plain === "sha256";
    renamed[isAlgorithm && !Object.hasOwn(renamed, plain) ? plain : name] = hash;
  }
  return renamed;
}

/**
 * Reads the hashes of an account, each with its realm.
 * @param context `realm` is the realm of items that name none; undefined where it is ambiguous, which is a fault
 */
export function readHa1(
  written: readonly WrittenHa1[] | undefined,
  context: { realm: string | undefined; issues: z.core.$ZodRawIssue[] },
): readonly Ha1[] {
  if (written === undefined) return NO_HA1;
  const seen = new Set<string>();
  return written.map(({ realm = context.realm, md5, sha256 }, index): Ha1 => {
    if (realm === undefined) report([index, "realm"], "the realm that the hashes were made for");
    if (md5 !== undefined) once("md5", index, realm);
    if (sha256 !== undefined) once("sha256", index, realm);
    return { realm: realm ?? "", md5: md5?.toLowerCase(), sha256: sha256?.toLowerCase() };
  });

  function once(algorithm: "md5" | "sha256", index: number, realm = ""): void {
    const name = `${algorithm} ${realm}`;
    if (seen.has(name)) report([index, algorithm], "one hash for each realm and algorithm", "there again");
    seen.add(name);
  }

  function report(path: PropertyPath, message: string, found?: string): void {
    context.issues.push({
      code: "custom",
      path: ["spec", "credentials", "ha1", ...path],
      message,
      ...(found === undefined ? {} : { params: { found } }),
      input: undefined,
    });
  }
}
