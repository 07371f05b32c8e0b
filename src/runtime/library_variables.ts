/**
 * Lets libraries run where the process may read some environment variables only (`--allow-env=NAME,…`): they find no
 * variables, in the place of an exception. Imported before any library, in each thread.
 */
import process from "node:process";

try {
  Object.keys(process.env);
} catch {
  process.env = {};
}
