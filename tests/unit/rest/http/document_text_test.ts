import assert from "node:assert/strict";
import { RequestDocuments, type SentDocument } from "../../../../src/rest/http/request_documents.ts";

async function read(body: BodyInit, type?: string, options = { isUpload: true }): Promise<SentDocument> {
  const headers = new Headers(type === undefined ? [] : [["content-type", type]]);
  using documents = new RequestDocuments();
  return await documents.read(new Request("http://localhost/", { method: "POST", body, headers }), options);
}

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("JSON and YAML are read by their types, and a form's file as YAML", async () => {
  assert.deepEqual(await read('{"a":1}', "application/json; charset=utf-8"), {
    value: { a: 1 },
    isFile: false,
  });
  assert.deepEqual(await read(bytes('{"a":1}')), { value: { a: 1 }, isFile: false });
  assert.deepEqual(await read("a: [b]", "text/yaml"), { value: { a: ["b"] }, isFile: false });
  const form = new FormData();
  form.set("file", "a: b");
  assert.deepEqual(await read(form), { value: { a: "b" }, isFile: true });
});

Deno.test("another type is refused, and so are YAML and forms where no upload is expected", async () => {
  await assert.rejects(read("x", "text/html"), { status: 415 });
  await assert.rejects(read("a: b", "text/yaml", { isUpload: false }), { status: 415 });
});

Deno.test("malformed and harmful documents are refused", async () => {
  const table: [body: BodyInit, type: string][] = [
    ["", "application/json"],
    [new Uint8Array([0xff]), "application/json"],
    ["[".repeat(100_000) + "]".repeat(100_000), "application/json"],
    ["[".repeat(65) + "]".repeat(65), "application/json"],
    ['{"a":{"__proto__":{"b":1}}}', "application/json"],
    ["a: {__proto__: {b: 1}}", "application/yaml"],
    ['{"a":"\\ud800"}', "application/json"],
    ['{"\\ud800":"a"}', "application/json"],
    ["- &a\n  b: *a\n", "application/yaml"],
    [`- &a ${"x".repeat(100_000)}\n${"- *a\n".repeat(100)}`, "application/yaml"],
  ];
  for (const [body, type] of table) {
    await assert.rejects(read(body, type), { name: "HttpError", status: 400 }, String(body).slice(0, 40));
  }
});

Deno.test("aliases that make little of much are good", async () => {
  assert.deepEqual((await read("- &a b\n- *a\n", "application/yaml")).value, ["b", "b"]);
});
