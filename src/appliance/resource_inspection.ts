/** Warnings about resources that are valid but probably mistaken, at start, after each change, and by `routr check`. */
import type { Configuration } from "../config/configuration.ts";
import { unservedGateways } from "../config/unserved_gateways.ts";
import type { Directory } from "../data/directory.ts";

/** A shorter secret is soon guessed. */
const MIN_SECRET_LENGTH = 8;
/** The secrets in the samples of all releases. */
const SAMPLE_SECRETS: ReadonlySet<string> = new Set([
  "1234",
  "changeit",
  "changeme",
  "astsecret",
  "yoursecret",
]);
/** Resources of a kind that are examined, so that it takes a few milliseconds. */
const MAX_EXAMINED = 20_000;
/** Names in a warning; further ones are counted. */
const MAX_NAMES = 3;

export function inspectResources(config: Configuration, directory: Directory): string[] {
  return [
    ...unservedGateways(config, directory.gateways()),
    ...directory.counts.users === 0
      ? ["There are no users: the REST service refuses everybody. Add one to users.yaml"]
      : [],
    ...weakSecrets(directory),
  ];
}

/** Returns one warning for each kind. Users are checked with the resource itself. */
function weakSecrets(directory: Directory): string[] {
  return (["Agent", "Peer"] as const).flatMap((kind) => {
    const names: string[] = [];
    let examined = 0;
    for (const resource of directory.resources(kind)) {
      if (++examined > MAX_EXAMINED) break;
      if (resource.kind !== kind || resource.secret === undefined) continue;
      const { username, secret } = resource;
      if (isWeak(username, secret)) names.push(username);
    }
    if (names.length === 0) return [];
    const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : "";
    const shown = names.slice(0, MAX_NAMES).map((name) => `"${name}"`).join(", ") + more;
    return [
      `${kind}s with secrets that are soon guessed: ${shown}. Take at least ${MIN_SECRET_LENGTH} characters, neither ` +
      "the username nor those of a sample",
    ];
  });
}

function isWeak(username: string, secret: string): boolean {
  return secret.length < MIN_SECRET_LENGTH || SAMPLE_SECRETS.has(secret) ||
    secret.toLowerCase() === username.toLowerCase();
}
