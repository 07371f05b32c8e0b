/** Files with names similar to those of collections, which are not read. */
import type { Source } from "../data_provider.ts";
import { nearestName } from "../nearest_name.ts";
import type { Kind } from "../resource.ts";

/** Matches `agent.yaml`, `Agents.yml`, `agents.json`, `agents.yaml.txt`. */
const RESOURCE_FILE = /^([^.]{3,20})\.(?:ya?ml|json)(?:\.txt)?$/i;
const READ_FILE = /^[a-z]+\.ya?ml$/;

/** Returns a source without resources and with a warning for each such file, in the order of names. */
export async function misnamedFiles(
  folder: string,
  collections: readonly { readonly kind: Kind; readonly collection: string }[],
): Promise<Source[]> {
  const names = await namesIn(folder);
  return names.flatMap((name): Source[] => {
    const stem = RESOURCE_FILE.exec(name)?.[1];
    if (stem === undefined) return [];
    const meant = nearestName(stem, collections.map(({ collection }) => collection));
    const found = collections.find(({ collection }) => collection === meant);
    if (found === undefined || (stem === meant && READ_FILE.test(name))) return [];
    const path = `${folder}/${name}`;
    return [{
      kind: found.kind,
      name: path,
      readable: true,
      resources: [],
      declared: [],
      faults: [],
      warnings: [`${path} is not read: ${meant} belong in ${folder}/${meant}.yaml`],
    }];
  });
}

async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name, isDirectory } of Deno.readDir(folder)) if (!isDirectory) names.push(name);
  } catch {
    // Files may be readable in a folder whose names are not.
  }
  return names.sort();
}
