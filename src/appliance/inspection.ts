/** Checks of a configuration against this host, at start and by `routr check`. */
import { dirname, resolve } from "node:path";
import type { Configuration, Listener } from "../config/configuration.ts";
import type { ConfigurationFiles } from "../config/configuration_files.ts";
import { isFolder } from "../config/data_source.ts";
import type { Environment } from "../config/environment.ts";
import { locateProblems } from "../config/load_configuration.ts";
import { stateDirectory } from "../config/state_directory.ts";
import { restTlsSettings, tlsSettingsOf } from "../config/tls_settings.ts";
import type { Fault, Problem, PropertyPath } from "../data/fault.ts";
import { saltFault } from "../rest/access/salt.ts";
import { readKeyStore, readTrustStore } from "../transport/tls/key_store.ts";
import { KeyStoreError } from "../transport/tls/key_store_error.ts";
import { TlsContexts, type TlsSettings } from "../transport/tls/tls_contexts.ts";
import { isSecure } from "../transport/transport.ts";
import { saltSources } from "./rest_settings.ts";

export interface InspectedConfiguration {
  readonly config: Configuration;
  readonly source: ConfigurationFiles;
  readonly env: Environment;
}

const ANY_ADDRESS: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);
const SECURITY_CONTEXT: PropertyPath = ["spec", "securityContext"];
const REST_SERVICE: PropertyPath = ["spec", "restService"];
const KEY_STORE = "a certificate with its key (PEM, PKCS#12 or JKS)";

/** Returns faults that disable a part of the server; it starts without that part. */
export async function inspect({ config, source, env }: InspectedConfiguration): Promise<Fault[]> {
  const problems = [
    ...portProblems(config),
    ...addressProblems(config),
    ...await recordProblems(config, source.directory),
    ...await transportStoreProblems(config, source.directory),
    ...await restProblems(config, { source, env }),
  ];
  const faults = await locateProblems(problems, { file: source.file, env });
  return [...faults, ...await stateFaults(config, stateDirectory(env, source.directory))];
}

/** Checks the state folder, which the REST service needs for a salt or certificate that is not configured. */
async function stateFaults({ restService }: Configuration, directory: string): Promise<Fault[]> {
  const { salt, saltFile, keyStore, unsecured } = restService;
  const isNeeded = (salt ?? saltFile) === undefined || (keyStore === undefined && !unsecured);
  if (!isNeeded || await isWritable(directory)) return [];
  const expected = "one that the REST service can keep its salt and certificate in (STATE_DIR), or " +
    "spec.restService.salt and keyStore";
  return [{ file: directory, property: "", found: "a folder that cannot be written", expected }];
}

/** Checks the folder of call records, which is not created. */
async function recordProblems({ cdr: { path } }: Configuration, directory: string): Promise<Problem[]> {
  const folder = path === undefined ? undefined : dirname(resolve(directory, path));
  if (folder === undefined || isFolder(folder) && await isWritable(folder)) return [];
  const expected = "a file in a folder that can be written";
  return [{ path: ["spec", "cdr", "path"], at: "value", found: JSON.stringify(path), expected }];
}

/** Reports whether files can be written to a folder, or to its parent when it does not exist yet. */
async function isWritable(folder: string): Promise<boolean> {
  try {
    await Deno.remove(await Deno.makeTempFile({ dir: folder, prefix: ".routr-" }));
    return true;
  } catch (error) {
    const parent = dirname(folder);
    return error instanceof Deno.errors.NotFound && parent !== folder && await isWritable(parent);
  }
}

/** Returns ports that two listeners want. All transports but UDP and SCTP use TCP ports. */
function portProblems({ transport, restService }: Configuration): Problem[] {
  const taken: (Listener & { readonly name: string })[] = [];
  const problems: Problem[] = [];
  const take = (listener: Omit<Listener, "protocol">, name: string, path: PropertyPath) => {
    const { bindAddr, port } = listener;
    const other = taken.find((each) => port !== 0 && each.port === port && overlaps(each.bindAddr, bindAddr));
    if (other === undefined) return void taken.push({ ...listener, protocol: "tcp", name });
    const expected = `another port than that of ${other.name}`;
    problems.push({ path: [...path, "port"], at: "value", found: String(port), expected });
  };
  for (const [i, listener] of transport.entries()) {
    if (listener.protocol === "udp" || listener.protocol === "sctp") continue;
    take(listener, `the transport ${listener.protocol}`, ["spec", "transport", i]);
  }
  take(restService, "the REST service", REST_SERVICE);
  return problems;
}

/** Returns listening addresses that this machine does not have. */
function addressProblems({ bindAddr, transport, restService }: Configuration): Problem[] {
  const own = new Set(
    Deno.networkInterfaces().map(({ address }) => address.replace(/%.*/, "").toLowerCase()),
  );
  const isOwn = (address: string) =>
    ANY_ADDRESS.has(address) || address.startsWith("127.") || own.has(address.replace(/%.*/, ""));
  const listed: { address: string; path: PropertyPath }[] = [
    { address: bindAddr, path: ["spec"] },
    ...transport.map((listener, i) => ({ address: listener.bindAddr, path: ["spec", "transport", i] }))
      .filter(({ address }) => address !== bindAddr),
    { address: restService.bindAddr, path: REST_SERVICE },
  ];
  return listed.filter(({ address }) => !isOwn(address)).map(({ address, path }) => ({
    path: [...path, "bindAddr"],
    at: "value",
    found: JSON.stringify(address),
    expected: "an address of this machine",
  }));
}

function overlaps(one: string, other: string): boolean {
  return one === other || ANY_ADDRESS.has(one) || ANY_ADDRESS.has(other);
}

async function transportStoreProblems(config: Configuration, directory: string): Promise<Problem[]> {
  if (!config.transport.some(({ protocol }) => isSecure(protocol))) return [];
  const settings = tlsSettingsOf(config.securityContext, directory);
  const certificatePath = (index: number) => index === 0 ? [] : ["certificates", index - 1];
  return await storeProblems(settings, SECURITY_CONTEXT, { certificatePath, key: KEY_STORE });
}

async function restProblems(
  { restService }: Configuration,
  { source, env }: Pick<InspectedConfiguration, "source" | "env">,
): Promise<Problem[]> {
  const state = stateDirectory(env, source.directory);
  const salt = await saltFault(saltSources(restService, { env, stateDirectory: state }));
  const property = restService.salt === undefined && restService.saltFile !== undefined ? "saltFile" : "salt";
  const [found, expected = "a file that can be read"] = salt?.split(", expected ") ?? [];
  const problems: Problem[] = found === undefined
    ? []
    : [{ path: [...REST_SERVICE, property], at: "value", found, expected }];
  if (restService.unsecured) return problems;
  const { certificates, ...settings } = restTlsSettings(restService, {
    directory: source.directory,
    own: "",
  });
  // Without a key store the service makes a certificate.
  const given = restService.keyStore === undefined ? [] : certificates;
  const key = `${KEY_STORE}; without one, the service makes one`;
  return [
    ...problems,
    ...await storeProblems({ ...settings, certificates: given }, REST_SERVICE, {
      certificatePath: () => [],
      key,
    }),
  ];
}

/**
 * @param certificatePath returns the path of the certificate with this index, below `base`
 * @param key what is expected there
 */
async function storeProblems(
  settings: TlsSettings,
  base: PropertyPath,
  { certificatePath, key }: { certificatePath: (index: number) => PropertyPath; key: string },
): Promise<Problem[]> {
  const problems: Problem[] = [];
  const look = async (
    reading: Promise<unknown>,
    pathOf: (file: string) => PropertyPath,
    expected: string,
  ) => {
    try {
      await reading;
    } catch (error) {
      if (!(error instanceof KeyStoreError)) throw error;
      const found = `${JSON.stringify(error.path)}, unusable: ${error.problem}`;
      problems.push({ path: [...base, ...pathOf(error.path)], at: "value", found, expected });
    }
  };
  for (const [index, source] of settings.certificates.entries()) {
    await look(
      readKeyStore(source),
      (file) => [...certificatePath(index), file === source.privateKey ? "privateKey" : "keyStore"],
      key,
    );
  }
  const { trustStore } = settings;
  if (trustStore !== undefined) {
    await look(
      readTrustStore(trustStore),
      () => ["trustStore"],
      "certificates of authorities (PEM, PKCS#12 or JKS)",
    );
  }
  if (problems.length > 0 || settings.certificates.length === 0) return problems;
  return await new TlsContexts(settings).prepareServer().then(() => [], (error: Error) => [{
    path: base,
    at: "value",
    found: `unusable: ${error.message}`,
    expected: "settings that TLS accepts",
  }]);
}
