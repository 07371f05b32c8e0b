/** Warnings about secrets that are publicly known or soon guessed: one line for all accounts of a kind. */
import type { Agent } from "../data/agent.ts";
import type { Directory } from "../data/directory.ts";
import type { Peer } from "../data/peer.ts";
import { isSampleSecret, isWeakSecret, MIN_DIGITS, MIN_SECRET_LENGTH } from "../data/secret_strength.ts";
import { isSecretOf, SHIPPED_SECRET, type User } from "../data/user.ts";
import { Turn } from "../runtime/turn.ts";

/** The name of each kind, and what is done about accounts with the secret of a sample. */
const KINDS = {
  User: ["user", "The REST service is open to this host only"],
  Agent: ["agent", "They are served in local networks only"],
  Peer: ["peer", "They are served in local networks only"],
} as const;

/** Accounts between two looks at the clock. */
const AT_ONCE = 64;
/** Names in a warning; further ones are counted. */
const MAX_NAMES = 3;

/** Examines all agents, peers and users, in turns. The secrets themselves are not told. */
export async function unsafeSecrets(directory: Pick<Directory, "resources">): Promise<string[]> {
  const warnings: string[] = [];
  const turn = new Turn();
  let examined = 0;
  for (const kind of ["User", "Agent", "Peer"] as const) {
    const ofSample = new NamedCount();
    const weak = new NamedCount();
    for (const account of directory.resources(kind)) {
      if (account.kind !== "User" && account.kind !== "Agent" && account.kind !== "Peer") continue;
      if (++examined % AT_ONCE === 0 && turn.isOver) await turn.next();
      if (hasSampleSecret(account)) ofSample.add(account.username);
      else if (hasWeakSecret(account)) weak.add(account.username);
    }
    const [noun, consequence] = KINDS[kind];
    if (ofSample.count > 0) {
      warnings.push(
        `${ofSample.countOf(noun)} with the secret of a sample, which everybody knows: ${ofSample.names}. ` +
          `${consequence} until it is changed`,
      );
    }
    if (weak.count > 0) {
      warnings.push(
        `${weak.countOf(noun)} with a secret that is soon guessed: ${weak.names}. Take at least ` +
          `${MIN_SECRET_LENGTH} characters (${MIN_DIGITS} digits), neither the username nor a common word`,
      );
    }
  }
  return warnings;
}

function hasSampleSecret(account: Agent | Peer | User): boolean {
  if (account.kind === "User") return isSecretOf(account, SHIPPED_SECRET);
  return account.secret !== undefined && isSampleSecret(account.secret);
}

/** Hashes do not tell. */
function hasWeakSecret({ username, secret }: Agent | Peer | User): boolean {
  return secret !== undefined && isWeakSecret({ username, secret });
}

/** A number of accounts, of which the first ones have names. */
class NamedCount {
  readonly #first: string[] = [];
  count = 0;

  add(name: string): void {
    this.count++;
    if (this.#first.length < MAX_NAMES) this.#first.push(JSON.stringify(name));
  }

  countOf(noun: string): string {
    return `${this.count} ${noun}${this.count === 1 ? "" : "s"}`;
  }

  get names(): string {
    const more = this.count - this.#first.length;
    return this.#first.join(", ") + (more > 0 ? ` and ${more} more` : "");
  }
}
