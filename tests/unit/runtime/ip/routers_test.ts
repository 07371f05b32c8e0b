import assert from "node:assert/strict";
import { routers } from "../../../../src/runtime/ip/routers.ts";

const TABLE = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
eth1\t0000A8C0\t010011AC\t0003\t0\t0\t0\t0000FFFF\t0\t0\t0
eth1\t0000000A\tFE01A8C0\t0003\t0\t0\t0\t000000FF\t0\t0\t0
`;

Deno.test("routers are the gateways of the routing table, each once", () => {
  assert.deepEqual(routers(() => TABLE), ["172.17.0.1", "192.168.1.254"]);
});

Deno.test("where the system does not tell, or tells something else, there are none", () => {
  assert.deepEqual(
    routers(() => {
      throw new Deno.errors.NotFound();
    }),
    [],
  );
  assert.deepEqual(routers(() => "nothing\nof the\tkind\twanted\n\n"), []);
});
