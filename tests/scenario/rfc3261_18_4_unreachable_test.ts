// RFC 3261 §18.4: a phone or gateway on UDP that is gone is known at once where its host says so. On real sockets.

import assert from "node:assert/strict";
import { startTestServer } from "../support/server.ts";
import { sip, withCredentials } from "../support/sip_text.ts";

const agents = [
  { username: "1001", secret: "1234", domain: "sip.local" },
  { username: "1002", secret: "1234", domain: "sip.local" },
];

/** A socket that speaks SIP with the server. */
class UdpPhone {
  readonly #socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  readonly #server: Deno.NetAddr;

  constructor(serverPort: number) {
    this.#server = { transport: "udp", hostname: "127.0.0.1", port: serverPort };
  }

  get port(): number {
    return (this.#socket.addr as Deno.NetAddr).port;
  }

  /** Sends a request and returns the first answer that is not provisional. */
  async ask(request: string): Promise<string> {
    await this.#socket.send(new TextEncoder().encode(request), this.#server);
    for (;;) {
      const answer = new TextDecoder().decode((await this.#socket.receive())[0]);
      if (!answer.startsWith("SIP/2.0 1")) return answer;
    }
  }

  close(): void {
    this.#socket.close();
  }
}

Deno.test({
  name: "A call to a phone that is gone ends at once, not after 32 seconds",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const server = await startTestServer({
      domains: ["sip.local"],
      agents,
      spec: { allowUnauthenticatedCalls: true },
    });
    const callee = new UdpPhone(server.udpPort);
    const register = sip(`
      REGISTER sip:sip.local SIP/2.0
      Via: SIP/2.0/UDP 127.0.0.1:${callee.port};branch=z9hG4bK1
      Max-Forwards: 70
      From: <sip:1002@sip.local>;tag=1
      To: <sip:1002@sip.local>
      Call-ID: gone
      CSeq: 1 REGISTER
      Contact: <sip:1002@127.0.0.1:${callee.port}>
      Content-Length: 0
    `);
    const challenge = await callee.ask(register);
    const signed = withCredentials(register, challenge, { username: "1002", secret: "1234" });
    assert.match(await callee.ask(signed), /^SIP\/2\.0 200 /);
    callee.close();
    const caller = new UdpPhone(server.udpPort);
    const start = performance.now();
    for (const method of ["INVITE", "MESSAGE"]) {
      const answer = await caller.ask(sip(`
        ${method} sip:1002@sip.local SIP/2.0
        Via: SIP/2.0/UDP 127.0.0.1:${caller.port};branch=z9hG4bK${method}
        Max-Forwards: 70
        From: <sip:1001@sip.local>;tag=1
        To: <sip:1002@sip.local>
        Call-ID: ${method}
        CSeq: 1 ${method}
        Contact: <sip:1001@127.0.0.1:${caller.port}>
        Content-Length: 0
      `));
      assert.match(answer, /^SIP\/2\.0 (?:480|503) /);
    }
    assert.ok(performance.now() - start < 16_000, "long before Timer B");
    caller.close();
    await server.stop();
  },
});
