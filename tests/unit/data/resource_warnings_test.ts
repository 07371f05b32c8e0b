import assert from "node:assert/strict";
import { MemoryDirectory } from "../../../src/data/directory.ts";
import type { Resource } from "../../../src/data/resource.ts";
import { directoryWarnings, resourceWarnings } from "../../../src/data/resource_warnings.ts";
import { agentDocument, didDocument, domainDocument, peerDocument } from "../../support/resources.ts";
import { resourceOf } from "./sources.ts";

function warningsOf(...resources: Resource[]): string[] {
  const directory = new MemoryDirectory();
  directory.replace(resources);
  return directoryWarnings(directory);
}

const AGENT = resourceOf("Agent", agentDocument("jörg"));

Deno.test("a DID that reaches an agent or a peer is fine", () => {
  const peers = [
    resourceOf("Peer", peerDocument("ast", { device: "astserver" })),
    resourceOf("Peer", peerDocument("pbx")),
  ];
  const links = [
    "sip:jörg@SIP.local",
    "sips:j%C3%B6rg@sip.local:5061;transport=tls",
    "sip:ast@astserver",
    "sip:pbx@192.0.2.5:5060",
  ];
  for (const aorLink of links) {
    const did = resourceOf("DID", didDocument("DID0001", { aorLink }));
    assert.deepEqual(warningsOf(AGENT, ...peers, did), [], aorLink);
  }
});

Deno.test("a DID that reaches nobody is probably not meant", () => {
  const peer = resourceOf("Peer", peerDocument("ast", { device: "astserver" }));
  for (const aorLink of ["sip:jorg@sip.local", "sip:j%C3%B6rg@sip2.local", "sip:ast@192.0.2.5"]) {
    const did = resourceOf("DID", didDocument("DID0001", { aorLink }));
    assert.deepEqual(warningsOf(AGENT, peer, did), [
      `DID "DID0001": ${aorLink} is neither an agent of a domain here nor a peer`,
    ]);
  }
});

Deno.test("a peer whose device is a domain is probably not meant", () => {
  const domain = resourceOf("Domain", domainDocument("sip.local"));
  const device = (name: string) => resourceOf("Peer", peerDocument("ast", { device: name }));
  assert.deepEqual(warningsOf(domain, device("SIP.local")), [
    'Peer "ast": device sip.local is a domain too, whose agents come first',
  ]);
  assert.deepEqual(warningsOf(domain, device("astserver"), resourceOf("Peer", peerDocument("pbx"))), []);
});

Deno.test("an agent without a hash for one of its domains is probably not meant", () => {
  const md5 = "0123456789abcdef0123456789abcdef";
  const agent = (ha1: unknown, domains = ["sip.local", "sip2.local"]) =>
    resourceOf("Agent", agentDocument("1001", { credentials: { username: "1001", ha1 }, domains }));
  const hashes = [{ realm: "sip.local", md5 }, { realm: "SIP2.local", md5 }];
  assert.deepEqual(resourceWarnings(agent(hashes)), [
    'Agent "1001" has no hash for realm sip2.local, and cannot register there',
  ]);
  assert.deepEqual(resourceWarnings(agent({ md5 }, ["sip.local"])), []);
});
