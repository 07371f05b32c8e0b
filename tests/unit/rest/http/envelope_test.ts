import assert from "node:assert/strict";
import { enveloped, errorResponse } from "../../../../src/rest/http/envelope.ts";
import { HttpError } from "../../../../src/rest/http/http_error.ts";

Deno.test("an answer has its data under both names of Routr v1", async () => {
  const meta = { currentPage: 1, totalPages: 1, itemsPerPage: 30, totalItems: 1 };
  const response = enveloped(["a"], { meta, beside: { version: "v1" } });
  const message = "Successful request";
  assert.deepEqual(await response.json(), {
    status: 200,
    message,
    data: ["a"],
    result: ["a"],
    meta,
    version: "v1",
  });
});

Deno.test("missing data is null", async () => {
  const { data, result } = await enveloped(undefined, { status: 201 }).json();
  assert.deepEqual([data, result], [null, null]);
});

Deno.test("an error response has status, header fields and all faults", async () => {
  const details = [{ pointer: "/a", message: "is b" }];
  const response = errorResponse(new HttpError(422, "No", { details, headers: { allow: "GET" } }));
  assert.equal(response.status, 422);
  assert.equal(response.headers.get("allow"), "GET");
  assert.deepEqual(await response.json(), { status: 422, message: "No", errors: details });
});
