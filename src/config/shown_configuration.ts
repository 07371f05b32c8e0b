/** The configuration as administrators see it: without secrets. */
import { SECRET_NAME } from "../data/fault.ts";

/** Matches secrets in `host=localhost,secret=…` (`spec.dataSource.parameters`). */
const SECRET_PAIR = /(^|,)([^,=]*(?:secret|password)[^,=]*=)[^,]*/gi;
/** Passwords of `redis:` URLs may have any character but `@`. */
const URL_CREDENTIALS = /(:\/\/).*@/gs;
const HIDDEN = "********";

/** Returns a copy in plain JSON with redacted secrets, also in URLs. */
export function redacted(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (name, each) => {
      if (SECRET_NAME.test(name) && each !== undefined && each !== null) return HIDDEN;
      if (typeof each !== "string") return each;
      return each.replace(SECRET_PAIR, `$1$2${HIDDEN}`).replace(URL_CREDENTIALS, "$1");
    }) ?? "null",
  );
}

const WHOLE_NUMBER = /^(?:0|[1-9]\d{0,14})$/;

/** Converts numbers and booleans of a YAML file, whose scalars are read as text, to their own types. */
export function withTypes(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, each) => {
      if (each === "true" || each === "false") return each === "true";
      return typeof each === "string" && WHOLE_NUMBER.test(each) ? Number(each) : each;
    }) ?? "null",
  );
}

/** Restores redacted secrets in a document that an administrator sends back, or removes them without an original. */
export function unredacted(document: unknown, sent: unknown): unknown {
  return restored(sent, document, redacted(document));
}

function restored(sent: unknown, kept: unknown, shown: unknown): unknown {
  if (typeof sent === "string") return sent === shown ? kept : sent;
  if (Array.isArray(sent)) {
    return sent.map((each, i) => restored(each, memberOf(kept, i), memberOf(shown, i)));
  }
  if (typeof sent !== "object" || sent === null) return sent;
  const entries = Object.entries(sent).flatMap(([name, each]) => {
    const member = memberOf(kept, name);
    if (each === HIDDEN && member === undefined && SECRET_NAME.test(name)) return [];
    return [[name, restored(each, member, memberOf(shown, name))]];
  });
  return Object.fromEntries(entries);
}

function memberOf(value: unknown, name: string | number): unknown {
  const isThere = typeof value === "object" && value !== null && Object.hasOwn(value, name);
  return isThere ? (value as Readonly<Record<string | number, unknown>>)[name] : undefined;
}
