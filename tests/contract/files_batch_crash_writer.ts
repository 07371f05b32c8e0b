// Adds batches of agents to a folder until it is killed, and prints their number: `deno run -A
// tests/contract/files_batch_crash_writer.ts FOLDER BATCH`.

import { FilesDataProvider } from "../../src/data/files_data_provider.ts";
import { agentDocument } from "../support/resources.ts";

const [folder, batch] = Deno.args;
const provider = new FilesDataProvider(folder);
await provider.load();
for (let count = 0;; count++) {
  const documents = Array.from({ length: Number(batch) }, (_, i) => {
    const name = `${Deno.pid}-${count}-${i}`;
    return { ref: name, document: { ...agentDocument(name), metadata: { name, ref: name } } };
  });
  await provider.createAll("Agent", documents);
  console.log(count + 1);
}
