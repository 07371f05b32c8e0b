/** Users for tests of access. */
import { type User, userSchema } from "../../../../src/data/user.ts";
import { userDocument } from "../../../support/resources.ts";

/** Returns a user. @param credentials `secret` or `ha1` */
export function userOf(username: string, credentials: object): User {
  return userSchema.parse({ ...userDocument(username), spec: { credentials: { username, ...credentials } } });
}

/** A changeable set of users by name. */
export class Users {
  readonly #byName = new Map<string, User>();

  constructor(...users: readonly User[]) {
    for (const user of users) this.put(user);
  }

  put(user: User): void {
    this.#byName.set(user.username, user);
  }

  remove(username: string): void {
    this.#byName.delete(username);
  }

  readonly find = (username: string): User | undefined => this.#byName.get(username);
}
