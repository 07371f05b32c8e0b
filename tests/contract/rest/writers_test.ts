/** Concurrent writers: no change is lost or made twice. */
import assert from "node:assert/strict";
import { RestServer } from "../../support/rest_server.ts";
import { agentDocument, type Document, domainDocument } from "../../support/resources.ts";

const WRITERS = 50;

for (const provider of ["files", "redis", "restful"] as const) {
  Deno.test(`resources in ${provider}: of ${WRITERS} writers at once, none is lost and none comes twice`, async () => {
    await using server = await RestServer.start({
      provider,
      unsecured: true,
      restService: { maxRequestsPerAddress: 200 },
    });
    await server.ask("POST /domains", { json: domainDocument("sip.local") });
    const names = Array.from({ length: WRITERS }, (_, i) => `agent-${i}`);
    const all = async () => {
      const { body } = await server.ask("GET /agents?itemsPerPage=1000");
      return body.data as { metadata: { name: string; ref: string }; spec: Document }[];
    };
    const statuses = async (requests: readonly Promise<{ status: number }>[]) =>
      (await Promise.all(requests)).map(({ status }) => status).sort();

    // Two writers each create the same resource.
    const created = await statuses(
      names.map((_, i) => server.ask("POST /agents", { json: agentDocument(`agent-${i >> 1}`) })),
    );
    assert.deepEqual(created, [...Array(WRITERS / 2).fill(201), ...Array(WRITERS / 2).fill(409)]);
    const rest = names.slice(WRITERS / 2).map((name) =>
      server.ask("POST /agents", { json: agentDocument(name) })
    );
    assert.ok((await statuses(rest)).every((status) => status === 201));
    const agents = await all();
    assert.deepEqual(
      agents.map(({ metadata }) => metadata.name).sort(),
      names.map((name) => `Agent ${name}`).sort(),
    );
    assert.equal(new Set(agents.map(({ metadata }) => metadata.ref)).size, WRITERS);

    const renamed = agents.map(({ metadata: { ref } }) =>
      server.ask(`PUT /agents/${ref}`, { json: { metadata: { name: `Changed ${ref}` } } })
    );
    assert.ok((await statuses(renamed)).every((status) => status === 200));
    for (const { metadata: { name, ref } } of await all()) assert.equal(name, `Changed ${ref}`);

    // One writer for each property: none reverts the change of another.
    const { metadata: { ref } } = agents[0];
    const properties: Document[] = [
      { spec: { privacy: "private" } },
      { spec: { maxContacts: 7 } },
      { metadata: { name: "All" } },
    ];
    const write = async (json: Document) => {
      for (let i = 0; i < properties.length; i++) {
        const { status } = await server.ask(`PUT /agents/${ref}`, { json });
        if (status === 200) return;
        assert.equal(status, 409, "who comes second is told, and may try again");
      }
      assert.fail("one of all comes through at a time");
    };
    await Promise.all(properties.map(write));
    const { body } = await server.ask(`GET /agents/${ref}`);
    const { metadata, spec } = body.data;
    assert.deepEqual([metadata.name, spec.privacy, spec.maxContacts], ["All", "private", 7]);

    // Only one of the writers that have seen the same version succeeds.
    const seen = await server.ask(`GET /agents/${ref}`);
    const headers = { "if-match": seen.headers.get("etag") ?? "" };
    const conditional = properties.map((json) => server.ask(`PUT /agents/${ref}`, { json, headers }));
    assert.deepEqual(await statuses(conditional), [200, 412, 412]);

    const deleted = agents.flatMap(({ metadata: { ref } }) => [
      server.ask(`DELETE /agents/${ref}`),
      server.ask(`DELETE /agents/${ref}`),
    ]);
    assert.deepEqual(await statuses(deleted), [...Array(WRITERS).fill(200), ...Array(WRITERS).fill(404)]);
    assert.deepEqual(await all(), []);
    if (provider === "restful") assert.deepEqual(server.backend?.get("agents"), []);
  });
}
