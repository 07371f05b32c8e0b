/** The messages of RFC 4475, with addresses of the loopback in place of theirs. */
import { readText, storedNames } from "../../torture/torture_messages.ts";

export const TORTURE_TEXTS: readonly string[] = storedNames().map((name) =>
  readText(name).replace(/\b\d{1,3}(?:\.\d{1,3}){3}\b/g, "127.88.0.3")
);
