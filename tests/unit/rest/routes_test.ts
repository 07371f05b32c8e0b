import assert from "node:assert/strict";
import { HttpError } from "../../../src/rest/http/http_error.ts";
import { type Operation, operation } from "../../../src/rest/operation.ts";
import { Routes } from "../../../src/rest/routes.ts";

function row(method: Operation["method"], path: string): Operation {
  return operation({
    method,
    path,
    id: `${method} ${path}`,
    summary: "",
    tag: "",
    answers: {},
    handle: () => new Response(),
  });
}

const routes = new Routes([
  row("GET", "/agents"),
  row("POST", "/agents"),
  row("GET", "/agents/{ref}"),
  row("GET", "/agents/all"),
]);

function refusalOf(method: string, path: string): HttpError {
  try {
    routes.find(method, path);
  } catch (error) {
    assert.ok(error instanceof HttpError);
    return error;
  }
  assert.fail(`${method} ${path} was found`);
}

Deno.test("a name in braces stands for one segment, which is decoded", () => {
  const { operation: { id }, parameters } = routes.find("GET", "/agents/a%2Fb%20c");
  assert.equal(id, "GET /agents/{ref}");
  assert.deepEqual(parameters, { ref: "a/b c" });
  assert.equal(refusalOf("GET", "/agents/a/b").status, 404);
});

Deno.test("a path without parameters comes before one that also matches", () => {
  assert.equal(routes.find("GET", "/agents/all").operation.id, "GET /agents/all");
});

Deno.test("HEAD is a GET, and a slash at the end means nothing", () => {
  assert.equal(routes.find("HEAD", "/agents").operation.id, "GET /agents");
  assert.equal(routes.find("POST", "/agents/").operation.id, "POST /agents");
});

Deno.test("an unknown path is 404, an unknown method 405 with those there are", () => {
  assert.equal(refusalOf("GET", "/peers").status, 404);
  const { status, headers } = refusalOf("DELETE", "/agents");
  assert.equal(status, 405);
  assert.equal(headers.allow, "GET, POST, HEAD, OPTIONS");
});

Deno.test("a segment that is not percent-encoded UTF-8 is 400", () => {
  assert.equal(refusalOf("GET", "/agents/%ff").status, 400);
});
