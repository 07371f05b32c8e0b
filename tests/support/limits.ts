/** Limits of calls as a configuration without any has them, but for some. */
import { configurationSchema } from "../../src/config/configuration.ts";
import { type ConfiguredLimits, LimitValues } from "../../src/core/access/limit_values.ts";

const { limits: DEFAULTS } = configurationSchema.parse({ apiVersion: "v1beta1", spec: {} });

export function limitValues(changes: Partial<ConfiguredLimits> = {}): LimitValues {
  return new LimitValues({ ...DEFAULTS, ...changes });
}
