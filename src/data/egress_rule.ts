/**
 * The regular expressions that say which numbers a domain may call through a DID. They are matched in linear time, as
 * RE2 does it, because whoever may call chooses what they are matched with.
 */
import { RE2JS, RE2Set } from "re2js";

/** A rule is applied to every user that an agent of its domain dials and that is not known here. */
export interface EgressRule {
  /** Whether the rule matches all of `user`, the user part of a URI. */
  matches(user: string): boolean;
}

/** In characters: hundreds of prefixes have room, and the worst that can be written is compiled in 0.2 s. */
const LONGEST_RULE = 500;
/** Of the compiled rule. With these bounds the worst pair of rule and user takes milliseconds, a usual one 0.2 µs. */
const MOST_INSTRUCTIONS = 1000;
const LONGEST_USER = 256;
/** Bytes that one rule may use to remember the states it was in. */
const STATE_MEMORY = 65_536;
/** Rules kept compiled, more than most have; one that is not takes a millisecond. */
const MOST_RULES = 4096;

const LOOKAROUND_OR_BACKREFERENCE = /\(\?<?[=!]|\\[1-9]|\\k</;
/** What the compiler says of rules that exceed its own bounds. */
const TOO_LARGE = /invalid repeat count|too large|nests too deeply/;

const compiledRules = new Map<string, EgressRule>();

/** What is expected in the place of a rule that cannot be used; undefined for one that can. */
export function expectedInsteadOf(rule: string): string | undefined {
  if (rule.length > LONGEST_RULE) return `a regular expression of at most ${LONGEST_RULE} characters`;
  try {
    if (RE2JS.compile(rule).programSize() <= MOST_INSTRUCTIONS) return undefined;
  } catch (error) {
    if (LOOKAROUND_OR_BACKREFERENCE.test(rule)) {
      return "a regular expression without lookaround and backreferences";
    }
    if (!TOO_LARGE.test(String(error))) return "a valid regular expression";
  }
  return "a regular expression with fewer alternatives and repetitions";
}

/** `rule` in a form that matches; the same object for the same rule. Throws for a rule that cannot be used. */
export function egressRule(rule: string): EgressRule {
  let compiled = compiledRules.get(rule);
  if (compiled !== undefined) return compiled;
  compiled = new LinearRule(rule);
  for (const oldest of compiledRules.keys()) {
    if (compiledRules.size < MOST_RULES) break;
    compiledRules.delete(oldest);
  }
  compiledRules.set(rule, compiled);
  return compiled;
}

/** A set of one: unlike a single expression, a set can be told how much memory to use. */
class LinearRule implements EgressRule {
  readonly #set = new RE2Set(RE2Set.ANCHOR_BOTH, 0, STATE_MEMORY);

  constructor(rule: string) {
    this.#set.add(rule);
    this.#set.compile();
  }

  matches(user: string): boolean {
    return user.length <= LONGEST_USER && this.#set.match(user).length > 0;
  }
}
