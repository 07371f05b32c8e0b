// Changes the first agent of a folder, counting in its name, until it is killed; prints each number once it is written:
// `deno run -A tests/contract/files_crash_writer.ts FOLDER`.

import { FilesDataProvider } from "../../src/data/files_data_provider.ts";

const provider = new FilesDataProvider(Deno.args[0]);
const [source] = await provider.load();
const address = { source, index: 0 };
const { ref } = source.resources[0]!;
for (;;) {
  const { document, version } = (await provider.read(address))!;
  const metadata = document.metadata as Record<string, string>;
  const count = Number(metadata.name) + 1;
  const changed = { ...document, metadata: { ...metadata, name: count } };
  await provider.write({ action: "update", address, ref, version, document: changed });
  console.log(count);
}
