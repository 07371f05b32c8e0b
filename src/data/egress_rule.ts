/**
 * The regular expressions of egress policies: numbers that a domain may call through a DID. Callers choose the matched
 * text, so matching takes linear time, as in RE2.
 */
import { RE2JS, RE2Set } from "re2js";
import { BoundedMap } from "../runtime/bounded_map.ts";

/** A rule for users that an agent of its domain dials and that are unknown here. */
export interface EgressRule {
  /** Reports whether the rule matches the whole user part of a URI. */
  matches(user: string): boolean;
}

/** Room for hundreds of prefixes; the worst possible rule is compiled in 0.2 s. */
const MAX_RULE_LENGTH = 500;
/** Instructions of a compiled rule. With these limits the worst rule and user take milliseconds, usual ones 0.2 µs. */
const MAX_INSTRUCTIONS = 1000;
const MAX_USER_LENGTH = 256;
/** Memory of one rule for the states it was in. */
const MAX_STATE_BYTES = 65_536;
/** More than most servers have; compiling a rule takes a millisecond. */
const MAX_COMPILED_RULES = 4096;

const LOOKAROUND_OR_BACKREFERENCE = /\(\?<?[=!]|\\[1-9]|\\k</;
/** The compiler's message for rules beyond its own limits. */
const TOO_LARGE = /invalid repeat count|too large|nests too deeply/;

const compiledRules = new BoundedMap<string, EgressRule>(MAX_COMPILED_RULES, { evicts: "leastRecentlyUsed" });

/** Returns what is expected instead of an unusable rule; undefined for a usable one. */
export function expectedInsteadOf(rule: string): string | undefined {
  if (rule.length > MAX_RULE_LENGTH) return `a regular expression of at most ${MAX_RULE_LENGTH} characters`;
  try {
    if (RE2JS.compile(rule).programSize() <= MAX_INSTRUCTIONS) return undefined;
  } catch (error) {
    if (LOOKAROUND_OR_BACKREFERENCE.test(rule)) {
      return "a regular expression without lookaround and backreferences";
    }
    if (!TOO_LARGE.test(String(error))) return "a valid regular expression";
  }
  return "a regular expression with fewer alternatives and repetitions";
}

/** Returns the compiled rule, the same object for the same text. Throws for an unusable rule. */
export function egressRule(rule: string): EgressRule {
  const known = compiledRules.get(rule);
  if (known !== undefined) return known;
  const compiled = new LinearRule(rule);
  compiledRules.set(rule, compiled);
  return compiled;
}

/** A set of one rule: unlike a single expression, a set has a memory limit. */
class LinearRule implements EgressRule {
  readonly #set = new RE2Set(RE2Set.ANCHOR_BOTH, 0, MAX_STATE_BYTES);

  constructor(rule: string) {
    this.#set.add(rule);
    this.#set.compile();
  }

  matches(user: string): boolean {
    return user.length <= MAX_USER_LENGTH && this.#set.match(user).length > 0;
  }
}
