// Entry of a REST backend that has the resources of a directory; says by which parameters it is reached.

import { ResourceBackend } from "../../support/resource_backend.ts";
import { readDocuments } from "./resource_documents.ts";

const backend = new ResourceBackend({ hasEtags: true });
for (const [collection, documents] of Object.entries(await readDocuments(Deno.args[0]))) {
  backend.put(collection, documents);
}
const { baseUrl, username, secret } = backend;
console.log(`baseUrl=${baseUrl},username=${username},secret=${secret}`);
