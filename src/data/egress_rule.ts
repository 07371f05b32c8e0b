import { RE2JS } from "re2js";
export function egressRule(rule: string): { matches(user: string): boolean } {
  const pattern = RE2JS.compile(rule);
  return { matches: (user) => user.length <= 256 && pattern.matches(user) };
}
