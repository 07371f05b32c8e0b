/** Tokens: `/credentials` and `/token` of Routr v1. */
import { type User, USER_REALM } from "../../data/user.ts";
import { enveloped, plainText } from "../http/envelope.ts";
import { HttpError } from "../http/http_error.ts";
import { BASE_PATH, type Call, type Operation, operation, PLAIN_TEXT } from "../operation.ts";

export function sessionOperations(issueToken: (user: User) => Promise<string>): Operation[] {
  /** Issues a token for a password only: a stolen token could otherwise be renewed for ever. */
  const issue = async ({ request, user }: Call) => {
    if (/^basic /i.test(request.headers.get("authorization") ?? "")) return await issueToken(user!);
    throw new HttpError(401, "Unauthorized", {
      headers: { "www-authenticate": `Basic realm="${USER_REALM}", charset="UTF-8"` },
    });
  };
  return [
    operation({
      method: "GET",
      path: `${BASE_PATH}/credentials`,
      id: "getCredentials",
      tag: "session",
      summary: "A token, as bare text",
      description: "By HTTP Basic with the credentials of a user.",
      answers: { 200: { description: "The token.", content: PLAIN_TEXT } },
      handle: async (call) => plainText(await issue(call)),
    }),
    operation({
      method: "GET",
      path: `${BASE_PATH}/token`,
      id: "getToken",
      tag: "session",
      summary: "A token",
      description: "By HTTP Basic with the credentials of a user.",
      answers: { 200: { description: "The token.", data: { type: "string" } } },
      handle: async (call) => enveloped(await issue(call)),
    }),
  ];
}
