/** Tokens, for those who log in (`GET /credentials` and `/token` of Routr v1). */
import type { User } from "../../data/user.ts";
import { enveloped, plainText } from "../http/envelope.ts";
import { BASE_PATH, type Operation, operation } from "../operation.ts";

export function sessionOperations(issueToken: (user: User) => Promise<string>): Operation[] {
  return [
    operation({
      method: "GET",
      path: `${BASE_PATH}/credentials`,
      id: "getCredentials",
      tag: "session",
      summary: "A token, as bare text",
      description: "By HTTP Basic with the credentials of a user.",
      answers: {
        200: { description: "The token.", content: { type: "text/plain", schema: { type: "string" } } },
      },
      async handle({ user }) {
        return plainText(await issueToken(user!));
      },
    }),
    operation({
      method: "GET",
      path: `${BASE_PATH}/token`,
      id: "getToken",
      tag: "session",
      summary: "A token",
      description: "By HTTP Basic with the credentials of a user.",
      answers: { 200: { description: "The token.", data: { type: "string" } } },
      async handle({ user }) {
        return enveloped(await issueToken(user!));
      },
    }),
  ];
}
