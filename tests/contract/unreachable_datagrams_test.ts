/** Datagrams that do not arrive (§18.4): Linux reports which, and others are unaffected. */
import assert from "node:assert/strict";
import { openLibc } from "../../src/runtime/native/libc.ts";
import { LinuxUdpTransport } from "../../src/transport/linux/udp_transport.ts";
import type { Flow } from "../../src/transport/transport.ts";
import { within } from "./served_transport.ts";
import { pause } from "../support/pause.ts";

const isLinux = Deno.build.os === "linux";
if (isLinux) openLibc();

interface Listening {
  readonly transport: LinuxUdpTransport;
  readonly unreachable: { text: string; flow: Flow }[];
  /** Resolves when there are so many. */
  until(count: number): Promise<void>;
}

async function listen(address: string): Promise<Listening> {
  const transport = new LinuxUdpTransport(address, 0);
  const unreachable: { text: string; flow: Flow }[] = [];
  let wake = () => {};
  await transport.listen({
    onMessage: () => {},
    onRejected: () => {},
    onFlowOpened: () => {},
    onFlowClosed: () => {},
    onViolation: () => {},
    onUnreachable: (text, flow) => {
      unreachable.push({ text, flow });
      wake();
    },
  });
  const until = (count: number) =>
    within(
      new Promise<void>((resolve) => {
        wake = () => unreachable.length >= count && resolve();
        wake();
      }),
      `${count} errors`,
    );
  return { transport, unreachable, until };
}

/** A port that was just closed. */
function deadPort(hostname: string): number {
  const socket = Deno.listenDatagram({ transport: "udp", hostname, port: 0 });
  const { port } = socket.addr as Deno.NetAddr;
  socket.close();
  return port;
}

for (const [bound, to] of [["127.0.0.1", "127.0.0.1"], ["[::1]", "[::1]"], ["[::]", "127.0.0.1"]]) {
  Deno.test({
    name: `A datagram from ${bound} to a closed port of ${to} is told as not arrived, with its beginning`,
    ignore: !isLinux,
    async fn() {
      const { transport, unreachable, until } = await listen(bound);
      const port = deadPort(to.replace(/[[\]]/g, ""));
      const failures: string[] = [];
      const flow = transport.flowTo(to, port);
      flow.send("OPTIONS sip:a SIP/2.0\r\nVia: x", (reason) => failures.push(reason));
      await until(1);
      const [{ text, flow: told }] = unreachable;
      assert.equal(text, "OPTIONS sip:a SIP/2.0\r\nVia: x");
      assert.deepEqual([told.remoteAddress, told.remotePort], [to, port]);
      assert.deepEqual(failures, [], "it left");
      await transport.close();
    },
  });
}

Deno.test({
  name: "Datagrams to closed ports keep none from arriving that go elsewhere, and none that come",
  ignore: !isLinux,
  async fn() {
    const { transport, until } = await listen("127.0.0.1");
    const peer = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
    const live = transport.flowTo("127.0.0.1", (peer.addr as Deno.NetAddr).port);
    const dead = transport.flowTo("127.0.0.1", deadPort("127.0.0.1"));
    const failures: string[] = [];
    let came = 0;
    const all = (async () => {
      while (came < 100) {
        await peer.receive();
        came++;
      }
    })();
    for (let i = 0; i < 100; i++) {
      dead.send("to nobody", (reason) => failures.push(reason));
      live.send("to somebody", (reason) => failures.push(reason));
      await pause(i % 3);
    }
    await within(all, "a hundred datagrams");
    await until(1);
    assert.deepEqual(failures, []);
    peer.close();
    await transport.close();
  },
});
