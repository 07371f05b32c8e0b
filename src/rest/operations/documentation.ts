/** The contract of this service, and a page that shows it. */
// @ts-types="../http/deno_std_http.d.ts"
import { accepts } from "@std/http/negotiation";
import { bareJson, plainText } from "../http/envelope.ts";
import { BASE_PATH, JSON_OBJECT, type Operation, operation, PLAIN_TEXT } from "../operation.ts";
import { type ContractOptions, openApiDocument } from "../openapi/openapi.ts";
import { contractPage } from "../openapi/page.ts";

const TAG = "documentation";

/** Answer to everybody; name and version are for users. */
const PATHS = {
  documentation: "/api",
  contract: "/api/openapi.json",
  api: BASE_PATH,
  health: "/healthz",
  readiness: "/readyz",
};

/** Returns the operations together with those that document all of them. */
export function withDocumentation(
  operations: readonly Operation[],
  about: Omit<ContractOptions, "operations">,
): Operation[] {
  const all: Operation[] = [
    ...operations,
    operation({
      method: "GET",
      path: "/",
      id: "getRoot",
      tag: TAG,
      isOpen: true,
      summary: "Lists the paths of the service",
      answers: {
        200: { description: "Paths.", content: JSON_OBJECT },
        302: { description: "To the page of the contract, when `Accept` prefers HTML." },
      },
      handle({ request }) {
        const isBrowser = accepts(request, "application/json", "text/html") === "text/html";
        if (!isBrowser) return bareJson(PATHS);
        return new Response(null, { status: 302, headers: { location: PATHS.documentation } });
      },
    }),
    operation({
      method: "GET",
      path: "/api/openapi.json",
      id: "getContract",
      tag: TAG,
      isOpen: true,
      summary: "Returns the contract of this service (OpenAPI 3.1)",
      answers: { 200: { description: "The contract.", content: JSON_OBJECT } },
      handle: () => plainText(contract(), "application/json; charset=utf-8"),
    }),
    operation({
      method: "GET",
      path: "/api",
      id: "getContractPage",
      tag: TAG,
      isOpen: true,
      summary: "Returns a page that shows the contract",
      answers: { 200: { description: "A page.", content: { ...PLAIN_TEXT, type: "text/html" } } },
      handle: () => contractPage(contract()),
    }),
  ];
  let text: string | undefined;
  const contract = () => text ??= JSON.stringify(openApiDocument({ ...about, operations: all }));
  return all;
}
