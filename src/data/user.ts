import { firstGeneratedRef } from "./generated_ref.ts";
import { mapping, text } from "./property_types.ts";
import { envelope, namedMetadata } from "./resource_document.ts";

/** Someone who administers this server through its REST service. */
export interface User {
  readonly kind: "User";
  readonly ref: string;
  readonly name: string;
  readonly username: string;
  readonly secret: string;
}

/** The secret that samples ship; whoever still has it must not be reachable from outside. */
export const SHIPPED_SECRET = "changeit";

/** "User Resource" in the configuration reference. */
export const userSchema = mapping({
  ...envelope("User"),
  metadata: mapping(namedMetadata()),
  spec: mapping({
    credentials: mapping({ username: text("a username"), secret: text("the user's secret") }),
  }),
}).transform(({ metadata, spec: { credentials } }): User => ({
  kind: "User",
  ref: metadata.ref ?? firstGeneratedRef("us", credentials.username),
  name: metadata.name,
  username: credentials.username,
  secret: credentials.secret,
}));
