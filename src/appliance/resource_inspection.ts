/** What is allowed in resources but probably not meant: told at start, after each change, and by `routr check`. */
import type { Configuration } from "../config/configuration.ts";
import { unservedGateways } from "../config/unserved_gateways.ts";
import type { Directory } from "../data/directory.ts";

/** Characters below which a secret is found by trying. */
const SHORTEST_SECRET = 8;
/** Those of the samples, of all releases. */
const SAMPLE_SECRETS: ReadonlySet<string> = new Set([
  "1234",
  "changeit",
  "changeme",
  "astsecret",
  "yoursecret",
]);
/** So many resources of a kind are looked at: others have their turn after a few milliseconds. */
const MOST_EXAMINED = 20_000;
/** Names that a warning tells before it counts. */
const MOST_NAMES = 3;

export function inspectResources(config: Configuration, directory: Directory): string[] {
  return [
    ...unservedGateways(config, directory.gateways()),
    ...directory.counts.users === 0
      ? ["There are no users: the REST service refuses everybody. Add one to users.yaml"]
      : [],
    ...weakSecrets(directory),
  ];
}

/** One line for each kind, however many there are. Those of users are told one by one, with the resource itself. */
function weakSecrets(directory: Directory): string[] {
  return (["Agent", "Peer"] as const).flatMap((kind) => {
    const names: string[] = [];
    let examined = 0;
    for (const resource of directory.resources(kind)) {
      if (++examined > MOST_EXAMINED) break;
      if (resource.kind !== kind || resource.secret === undefined) continue;
      const { username, secret } = resource;
      if (isWeak(username, secret)) names.push(username);
    }
    if (names.length === 0) return [];
    const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : "";
    const shown = names.slice(0, MOST_NAMES).map((name) => `"${name}"`).join(", ") + more;
    return [
      `${kind}s with secrets that are soon guessed: ${shown}. Take at least ${SHORTEST_SECRET} characters, neither ` +
      "the username nor those of a sample",
    ];
  });
}

function isWeak(username: string, secret: string): boolean {
  return secret.length < SHORTEST_SECRET || SAMPLE_SECRETS.has(secret) ||
    secret.toLowerCase() === username.toLowerCase();
}
