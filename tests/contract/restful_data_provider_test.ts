import {
  RestfulDataProvider,
  type RestfulDataProviderOptions,
} from "../../src/data/restful_data_provider.ts";
import { configureLogging } from "../../src/runtime/log.ts";
import { ResourceBackend, type ResourceBackendOptions } from "../support/resource_backend.ts";
import { type DataProviderHarness, testDataProvider } from "./data_provider_contract.ts";
import { testDataProviderWrites } from "./data_provider_writes_contract.ts";
import { certificates } from "./test_authority.ts";

const COLLECTIONS = ["users", "peers", "gateways", "dids", "numbers", "domains", "agents"];

const certificate = certificates.issue({ name: "backend", ipAddresses: ["127.0.0.1"] });

function restfulHarness(options: ResourceBackendOptions): Promise<DataProviderHarness> {
  const backend = new ResourceBackend(options);
  for (const collection of COLLECTIONS) backend.put(collection, []);
  return Promise.resolve({
    open: () => new RestfulDataProvider(optionsFor(backend, options)),
    put: (collection, documents) => done(backend.put(collection, documents)),
    spoil: (collection) => done(backend.trouble(collection, "garbage")),
    remove: (collection) => done(backend.remove(collection)),
    [Symbol.asyncDispose]: () => backend[Symbol.asyncDispose](),
  });
}

/** The backend has done it already. */
function done(_: void): Promise<void> {
  return Promise.resolve();
}

function optionsFor(
  backend: ResourceBackend,
  { certificate }: ResourceBackendOptions,
): RestfulDataProviderOptions {
  const { baseUrl, username, secret } = backend;
  return {
    baseUrl,
    username,
    secret,
    refreshInterval: 0.05,
    timeout: 5000,
    trustStore: certificate && certificates.root.certificate,
  };
}

configureLogging({ level: "fatal", format: "text" });

const STYLES: readonly (readonly [string, ResourceBackendOptions])[] = [
  ["first releases", { era: "first" }],
  ["first releases with entity tags", { era: "first", hasEtags: true }],
  ["later releases", { era: "later" }],
  ["later releases over TLS, with entity tags and without secrets in lists", {
    era: "later",
    hasEtags: true,
    hidesSecrets: "in lists",
    certificate,
  }],
  ["later releases in pages of one", { era: "later", maxPageItems: 1 }],
  ["a plain service", { era: "plain", hasEtags: true }],
];

for (const [style, options] of STYLES) {
  testDataProvider(`restful, ${style}`, () => restfulHarness(options));
  // Without entity tags, simultaneous changes of a document cannot be refused.
  if (options.hasEtags) testDataProviderWrites(`restful, ${style}`, () => restfulHarness(options));
}
