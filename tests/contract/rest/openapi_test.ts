/** The contract of the service: it is valid OpenAPI, and the service keeps it. */
import assert from "node:assert/strict";
import { type Asked, basic, RestServer } from "../../support/rest_server.ts";
import {
  agentDocument,
  domainDocument,
  gatewayDocument,
  peerDocument,
  withRef,
} from "../../support/resources.ts";
import type { ValidatedAnswer, ValidationResult } from "../../openapi/validation.ts";
import { Chance, type Contract, RequestGenerator } from "./generated_requests.ts";

const SEED = 20261124;
/** The number of requests for each operation. */
const ROUNDS = 40;
/** Values of path parameters; `reload` is the only state that does not end the server. */
const KNOWN = [
  "1001",
  "1001@sip.local",
  "sip:1001%40sip.local",
  "admin",
  "reload",
  "GW1",
  "sip.local",
  "ag3f77f6",
  ...["known", "known", "known"],
];

/** Existing resources of each kind. */
const RESOURCES = {
  domains: [withRef("known", domainDocument("sip.local"))],
  agents: [withRef("known", agentDocument("1001"))],
  gateways: [gatewayDocument("known", { host: "127.0.0.9", sendRegister: false })],
  peers: [withRef("known", peerDocument("ast"))],
};

/** Returns the operations in the order of the contract. */
function operationsOf(contract: Contract) {
  return Object.entries(contract.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation }))
  );
}

async function contractOf(server: RestServer): Promise<Contract> {
  const { status, body } = await server.ask("GET /api/openapi.json", { authorization: "" });
  assert.equal(status, 200);
  return body;
}

Deno.test("An independent validator finds the contract to be OpenAPI 3.1; it names each operation once", async () => {
  await using server = await RestServer.start();
  const contract = await contractOf(server);
  const schemas = operationsOf(contract).flatMap(({ path, method, operation }) =>
    Object.entries(operation.responses).flatMap(([status, { content = {} }]) =>
      Object.keys(content).map((type) => ({ path, method, status, type }))
    )
  );
  assert.ok(schemas.length > 100, `${schemas.length} schemas`);
  const { version, errors, faults } = await validated(contract, schemas);
  assert.deepEqual(errors, []);
  assert.equal(version, "3.1");
  assert.deepEqual(faults.filter((fault) => fault !== ""), []);
  const ids = operationsOf(contract).map(({ operation }) => operation.operationId);
  assert.equal(new Set(ids).size, ids.length);
});

Deno.test("The page of the contract loads nothing, and names its own script and style by digest", async () => {
  await using server = await RestServer.start();
  const { status, headers, text } = await server.ask("GET /api", { authorization: "" });
  assert.equal(status, 200);
  const policy = headers.get("content-security-policy") ?? "";
  assert.match(policy, /^default-src 'none'/);
  assert.doesNotMatch(policy, /https?:|\*|unsafe/);
  assert.doesNotMatch(text, /<(?:link|img|iframe|object|embed|base|form)\b|\ssrc=|@import|url\(/i);
  for (const [name, tag] of [["script-src", "script"], ["style-src", "style"]]) {
    const content = new RegExp(`<${tag}>([^]*?)</${tag}>`).exec(text)?.[1];
    assert.ok(content !== undefined, `The page has no ${tag}`);
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(content));
    const base64 = btoa(String.fromCharCode(...new Uint8Array(digest)));
    assert.ok(policy.includes(`${name} 'sha256-${base64}'`), `${policy} does not let in its own ${tag}`);
  }
});

Deno.test("A request without credentials gets 401 from every operation that the contract does not call open", async () => {
  await using server = await RestServer.start();
  for (const { path, method, operation } of operationsOf(await contractOf(server))) {
    const isOpen = operation.security?.length === 0;
    const { status } = await server.ask(`${method} ${path.replaceAll(/[{}]/g, "")}`, { authorization: "" });
    assert.equal(status === 401, !isOpen, `${method} ${path}: ${status}`);
  }
});

Deno.test(`Requests made of the contract get answers that are in it, and never 5xx (seed ${SEED})`, async () => {
  await using server = await RestServer.start({
    restService: { maxRequestsPerAddress: 64 },
    resources: RESOURCES,
  });
  const contract = await contractOf(server);
  const chance = new Chance(SEED);
  const generator = new RequestGenerator(contract, chance, KNOWN);
  const faults: string[] = [];
  const answers: (ValidatedAnswer & { told: string })[] = [];
  const seen = new Map<number, number>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const { path, method, operation } of operationsOf(contract)) {
      // An endless answer.
      if (operation.operationId === "followEvents") continue;
      const request = generator.request(method, path, operation);
      // The test needs its own user.
      if (method !== "GET" && /\/users\/(?:admin|us)/.test(request.path)) continue;
      const answer = await server.ask(`${method} ${request.path}`, {
        headers: request.headers,
        body: request.body,
      });
      seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1);
      const told = `${method} ${request.path.slice(0, 200)} ${request.body?.slice(0, 300) ?? ""}`;
      const documented = operation.responses[answer.status];
      if (answer.status >= 500 && path !== "/readyz" || documented === undefined) {
        faults.push(
          `${operation.operationId} answers ${answer.status}: ${told}\n   ${answer.text.slice(0, 300)}`,
        );
        continue;
      }
      const [type] = (answer.headers.get("content-type") ?? "").split(";");
      if (answer.text !== "" && documented.content?.[type] === undefined) {
        faults.push(`${operation.operationId} answers ${answer.status} as ${type}: ${told}`);
        continue;
      }
      if (answer.text === "") continue;
      const value = type === "application/json" ? answer.body : answer.text;
      answers.push({ path, method, status: String(answer.status), type, value, told });
    }
  }
  for (const [i, fault] of (await validated(contract, answers)).faults.entries()) {
    if (fault !== "") faults.push(`${answers[i].status}: ${answers[i].told}\n   ${fault}`);
  }
  assert.deepEqual(faults.slice(0, 20), [], `${faults.length} faults`);
  for (const status of [200, 201, 302, 304, 400, 403, 404, 409, 412, 415, 422]) {
    assert.ok(seen.has(status), `No request was answered with ${status}: ${JSON.stringify([...seen])}`);
  }
});

/** Requests that every operation refuses because of their sender or form. */
const UNWELCOME: readonly [how: string, statuses: readonly number[], asked: Asked][] = [
  ["nobody", [401], { authorization: "" }],
  ["a wrong secret", [401, 429], { authorization: basic("admin", "wrong") }],
  ["a token that is none", [401, 429], { authorization: "Bearer a.b.c" }],
  ["a page of another origin", [403], { headers: { origin: "https://elsewhere.example" } }],
  ["too many header fields", [431], { headers: manyHeaders() }],
];

Deno.test("Refusals that depend on the sender are in the contract of each operation", async () => {
  await using server = await RestServer.start();
  const contract = await contractOf(server);
  for (const { path, method, operation } of operationsOf(contract)) {
    if (operation.security?.length === 0) continue;
    for (const [how, statuses, asked] of UNWELCOME) {
      // Pages of other origins may send GET; the browser withholds the answer.
      if (method === "GET" && how.startsWith("a page")) continue;
      const { status } = await server.ask(`${method} ${path.replaceAll(/[{}]/g, "")}`, asked);
      assert.ok(statuses.includes(status), `${method} ${path} by ${how}: ${status}`);
      const { responses } = operation;
      assert.ok(responses[status] ?? (status === 431 && responses.default), `${method} ${path}: ${status}`);
    }
  }
});

function manyHeaders(): Record<string, string> {
  return Object.fromEntries(Array.from({ length: 250 }, (_, i) => [`x-${i}`, "x"]));
}

/** Runs the validators, which are programs with a configuration of their own. */
async function validated(
  contract: Contract,
  answers: readonly ValidatedAnswer[],
): Promise<ValidationResult> {
  const folder = new URL("../../openapi/", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--check",
      "--quiet",
      "--allow-read",
      "--config",
      `${folder}deno.json`,
      `${folder}validate.ts`,
    ],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const input = new Blob([JSON.stringify({ contract, answers })]);
  const [{ success, stdout }] = await Promise.all([child.output(), input.stream().pipeTo(child.stdin)]);
  assert.ok(success, "The validators failed");
  return JSON.parse(new TextDecoder().decode(stdout));
}
