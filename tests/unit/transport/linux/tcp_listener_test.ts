import assert from "node:assert/strict";
import { openLibc } from "../../../../src/runtime/native/libc.ts";
import { pollerEnded } from "../../../../src/transport/linux/stream_poller.ts";
import { TcpListener } from "../../../../src/transport/linux/tcp_listener.ts";
import type { TcpStream } from "../../../../src/transport/linux/tcp_stream.ts";

const ANYWHERE = { address: "127.0.0.1", port: 0 };

if (Deno.build.os === "linux") {
  // Opened once and kept, which is no leak of whichever test comes first.
  const libc = openLibc();

  Deno.test("Where the system has no room for a connection, accepting rests, and goes on", async () => {
    let refusals = 0;
    const accept4: typeof libc.accept4 = (...args) => refusals++ < 2 ? -1 : libc.accept4(...args);
    const violations: string[] = [];
    let onStream = (_stream: TcpStream) => {};
    const accepted = new Promise<TcpStream>((resolve) => onStream = resolve);
    const listener = TcpListener.open({ ...libc, accept4 }, ANYWHERE, {
      onStream: (stream) => onStream(stream),
      onViolation: (reason) => violations.push(reason),
    })!;
    const begun = performance.now();
    const client = await Deno.connect({ hostname: "127.0.0.1", port: listener.port });
    const stream = await accepted;
    assert.equal(violations.length, 2);
    // A tenth of a second each time, in which it does not ask again and again; the fourth finds nobody more.
    assert.ok(performance.now() - begun > 150 && refusals === 4, `${refusals}`);
    assert.equal(stream.remote.port, (client.localAddr as Deno.NetAddr).port);
    client.close();
    await new Promise<void>((resolve) => stream.whenClosed(resolve));
    listener.close();
    await pollerEnded();
  });

  Deno.test("A port that is taken, and an address that is none, are not bound", async () => {
    const events = { onStream: () => {}, onViolation: () => {} };
    const listener = TcpListener.open(libc, ANYWHERE, events)!;
    assert.equal(TcpListener.open(libc, { ...ANYWHERE, port: listener.port }, events), undefined);
    assert.equal(TcpListener.open(libc, { ...ANYWHERE, address: "localhost" }, events), undefined);
    listener.close();
    await pollerEnded();
  });
}
