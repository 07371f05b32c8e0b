/** Properties of `spec` that this source knows, of those that only some releases have. */
import { configurationSchema } from "../../../src/config/configuration.ts";

/** Of releases that have them; without them nobody may send as fast as this. */
const LATER_PROPERTIES: Readonly<Record<string, unknown>> = { access: { preset: "off" } };

/** Returns the properties that are not refused. */
export function laterProperties(): Record<string, unknown> {
  const known = Object.entries(LATER_PROPERTIES).filter(([name, value]) =>
    configurationSchema.safeParse({ apiVersion: "v1beta1", spec: { [name]: value } }).success
  );
  return Object.fromEntries(known);
}
