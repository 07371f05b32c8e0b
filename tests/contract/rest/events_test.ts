/** Events over HTTPS: as they happen, by their types, and again from where a connection was lost. */
import assert from "node:assert/strict";
import { basic, RestServer } from "../../support/rest_server.ts";
import { agentDocument, domainDocument } from "../../support/resources.ts";

const AOR = "/location/1001@sip.local";
const contact = { user: "1001", address: "127.0.0.1", port: 5070 };
const RESOURCES = { agents: [agentDocument("1001")], domains: [domainDocument("sip.local")] };

/** A client of the event stream. */
class Watcher implements AsyncDisposable {
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = "";
  lastId = "";

  private constructor(body: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.#reader = body.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Resolves when the server sends events to it. */
  static async start(server: RestServer, query = "", lastId?: string): Promise<Watcher> {
    const response = await server.fetch(`/events${query}`, {
      headers: {
        authorization: basic(server.user, server.secret),
        ...lastId !== undefined && { "last-event-id": lastId },
      },
    });
    assert.equal(response.status, 200);
    const watcher = new Watcher(response.body!);
    assert.match(await watcher.#block(), /^retry: \d+\nid: /);
    return watcher;
  }

  /** Returns the type of the next event with its address-of-record or interface. */
  async next(): Promise<string> {
    const block = await this.#block();
    const type = /^event: (.*)$/m.exec(block)?.[1];
    const data = JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? "{}");
    return [type, data.data?.aor ?? data.data?.by].filter((part) => part !== undefined).join(" ");
  }

  async #block(): Promise<string> {
    while (!this.#text.includes("\n\n")) {
      const { value, done } = await this.#reader.read();
      assert.ok(!done, `The stream has ended: ${this.#text}`);
      this.#text += value;
    }
    const end = this.#text.indexOf("\n\n");
    const block = this.#text.slice(0, end);
    this.#text = this.#text.slice(end + 2);
    this.lastId = /^id: (.*)$/m.exec(block)?.[1] ?? this.lastId;
    return block;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader.cancel();
  }
}

Deno.test("A client that reconnects with Last-Event-ID gets the events it has missed, once and in order", async () => {
  await using server = await RestServer.start({ resources: RESOURCES });
  let lastId: string;
  {
    await using watcher = await Watcher.start(server, "?types=registration.");
    await server.ask(`POST ${AOR}`, { json: contact });
    assert.equal(await watcher.next(), "registration.added sip:1001@sip.local");
    lastId = watcher.lastId;
  }
  await server.ask(`DELETE ${AOR}`);
  await server.ask(`POST ${AOR}`, { json: contact });
  await using again = await Watcher.start(server, "?types=registration.", lastId);
  assert.equal(await again.next(), "registration.removed sip:1001@sip.local");
  assert.equal(await again.next(), "registration.added sip:1001@sip.local");
  await server.ask(`DELETE ${AOR}`);
  assert.equal(await again.next(), "registration.removed sip:1001@sip.local");
});

Deno.test("A client with an id of another process is told first that events are lost", async () => {
  await using server = await RestServer.start({ resources: RESOURCES });
  await using watcher = await Watcher.start(server, "", "another-12");
  assert.equal(await watcher.next(), "history.lost");
  await server.ask(`POST ${AOR}`, { json: contact });
  assert.equal(await watcher.next(), "registration.added sip:1001@sip.local");
});

Deno.test("A wrong password is an event, which clients of other types do not get", async () => {
  await using server = await RestServer.start({ resources: RESOURCES });
  await using all = await Watcher.start(server);
  await using some = await Watcher.start(server, "?types=call.,registration.");
  const { status } = await server.ask("GET /agents", { authorization: basic(server.user, "wrong") });
  assert.equal(status, 401);
  assert.equal(await all.next(), "authentication.failed REST");
  await server.ask(`POST ${AOR}`, { json: contact });
  assert.equal(await all.next(), "registration.added sip:1001@sip.local");
  assert.equal(await some.next(), "registration.added sip:1001@sip.local");
});
