/** The configuration as it is shown to administrators: without secrets. */

const SECRET = /secret|password|^salt$|jaasConfig|^ha1$/i;
const HIDDEN = "********";

/** A copy in plain JSON in which every secret is replaced; passwords in URLs as well. */
export function withoutSecrets(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (name, each) => {
      if (SECRET.test(name) && each !== undefined && each !== null) return HIDDEN;
      return typeof each === "string" ? each.replace(/(:\/\/)[^@/\s]*@/g, "$1") : each;
    }) ?? "null",
  );
}
