/** Requests of the command lines of Routr v1 (`arkctl`, `rctl`), and the properties of answers that they read. */
import assert from "node:assert/strict";
import { RestServer } from "../../support/rest_server.ts";
import { agentDocument, domainDocument } from "../../support/resources.ts";

interface Verb {
  /** The command as it is typed. */
  readonly verb: string;
  /** The request; `T` stands for the token. */
  readonly request: string;
  readonly json?: unknown;
  /** Properties of the answer that the client reads. */
  readonly reads: Readonly<Record<string, unknown>>;
}

const AGENT = "agbfaa5d0d";
const ITEM = (path: string) => ({
  [`${path}.0.metadata.ref`]: AGENT,
  [`${path}.0.spec.domains.0`]: "sip.local",
});
const FILTER = encodeURIComponent("@.spec.credentials.username=='1001'");
const MADE = { ...agentDocument("1001"), metadata: { name: "1001", ref: AGENT } };

/** Commands in order. */
const VERBS: readonly Verb[] = [
  {
    verb: "create -f",
    request: "POST /agents?token=T",
    json: MADE,
    reads: { message: "Created", status: 201 },
  },
  {
    verb: "get agents (arkctl)",
    request: "GET /agents?token=T&filter=*",
    reads: { ...ITEM("result"), status: 200 },
  },
  {
    verb: "get agents (rctl)",
    request: "GET /agents?token=T&filter=*&page=1",
    reads: { ...ITEM("data"), "meta.totalPages": 1 },
  },
  {
    verb: "apply -f, first",
    request: `GET /agents?token=T&filter=${FILTER}`,
    reads: { ...ITEM("result"), ...ITEM("data") },
  },
  {
    verb: "apply -f, then",
    request: `PUT /agents/${AGENT}?token=T`,
    json: MADE,
    reads: { message: "Successful request" },
  },
  { verb: "locate", request: "GET /location?token=T", reads: { "result.length": 0, "data.length": 0 } },
  { verb: "registry", request: "GET /registry?token=T", reads: { "result.length": 0, "data.length": 0 } },
  { verb: "system status (arkctl)", request: "GET /system/status?token=T", reads: { status: "Up" } },
  { verb: "ping (rctl)", request: "GET /system/status?token=T", reads: { message: "up" } },
  {
    verb: "system info (arkctl)",
    request: "GET /system/info?token=T",
    reads: { apiVersion: "v1beta1", apiPath: "/api" },
  },
  {
    verb: "version (rctl)",
    request: "GET /system/info?token=T",
    reads: { "data.apiVersion": "v1beta1", status: 200 },
  },
  { verb: "config describe", request: "GET /system/config?token=T", reads: { "data.apiVersion": "v1beta1" } },
  {
    verb: "config apply",
    request: "PUT /system/config?token=T",
    json: { spec: { maxContacts: 2 } },
    reads: { status: 200 },
  },
  { verb: "logs", request: "GET /system/logs?token=T", reads: { status: 200 } },
  {
    verb: "delete agent, without a filter",
    request: `DELETE /agents/${AGENT}?token=T&filter=`,
    reads: { message: "Successful request" },
  },
  {
    verb: "delete agent, again",
    request: `DELETE /agents/${AGENT}?token=T&filter=`,
    reads: { status: 404, message: "Not found" },
  },
  {
    verb: "stop --now",
    request: "POST /system/status/down?token=T&now=true",
    reads: { status: "200", message: "Request sent to server" },
  },
];

Deno.test("the command lines of Routr v1 find what they look for", async (t) => {
  await using server = await RestServer.start({ resources: { domains: [domainDocument("sip.local")] } });
  const { text: token } = await server.ask("GET /credentials");
  for (const { verb, request, json, reads } of VERBS) {
    await t.step(verb, async () => {
      const answer = await server.ask(request.replace("token=T", `token=${token}`), {
        json,
        authorization: "",
      });
      for (const [path, expected] of Object.entries(reads)) {
        // deno-lint-ignore no-explicit-any -- a test fails when an expected property is missing
        const found = path.split(".").reduce((value: any, step) => value?.[step], answer.body);
        assert.equal(found, expected, `${path} of ${answer.text}`);
      }
    });
  }
  assert.equal(await server.exitCode(), 0);
});
