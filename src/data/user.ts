import { hash } from "node:crypto";
import { equalsInConstantTime } from "../runtime/mac.ts";
import { firstGeneratedRef } from "./generated_ref.ts";
import { type Credentials, isHashOf } from "./ha1.ts";
import { flag, mapping, text } from "./property_types.ts";
import { documentHead, namedMetadata, type ResourceTimes, timesOf } from "./resource_document.ts";
import { credentials, readHa1 } from "./secret_property.ts";

/** An administrator who uses the REST service. */
export interface User extends Credentials, ResourceTimes {
  readonly kind: "User";
  readonly ref: string;
  readonly name: string;
  /** Set for another server that keeps its resources here, and needs their secrets. */
  readonly readsSecrets?: true;
}

/** The secret of the samples; a user that still has it must not be reachable from outside. */
export const SHIPPED_SECRET = "changeit";

/** The realm of users, and of hashes that name none. */
export const USER_REALM = "routr";

/** "User Resource" in the configuration reference. */
export const userSchema = mapping({
  ...documentHead("User"),
  metadata: mapping(namedMetadata()),
  spec: mapping({
    credentials: credentials(text("a username").describe("The name to log in with."), "the user's secret")
      .describe("What the administrator logs in with."),
    readsSecrets: flag().default(false)
      .describe(
        "Whether answers have secrets: for another server that keeps its resources here (restful_data_provider).",
      ),
  }),
}).transform(({ metadata, spec }, { issues }): User => ({
  kind: "User",
  ...timesOf(metadata),
  ref: metadata.ref ?? firstGeneratedRef("us", spec.credentials.username),
  name: metadata.name,
  username: spec.credentials.username,
  secret: spec.credentials.secret,
  ha1: readHa1(spec.credentials.ha1, { realm: USER_REALM, issues }),
  ...spec.readsSecrets && { readsSecrets: true as const },
}));

/** Reports whether this is the user's password, in a time that does not tell how much of it is right. */
export function isSecretOf({ username, secret, ha1 }: User, password: string): boolean {
  if (secret === undefined) return ha1.some((hashes) => isHashOf(hashes, username, password));
  // Digests of equal length, so that the time does not tell the length of the secret.
  return equalsInConstantTime(hash("sha256", password), hash("sha256", secret));
}
