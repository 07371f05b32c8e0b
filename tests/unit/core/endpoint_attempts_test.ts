import assert from "node:assert/strict";
import { EndpointAttempts } from "../../../src/core/endpoint_attempts.ts";
import type { Destination } from "../../../src/transport/dns/destination.ts";

const A = endpoint("192.0.2.1");
const B = endpoint("192.0.2.2");
const C = endpoint("192.0.2.3");

function endpoint(address: string): Destination {
  return { protocol: "udp", address, port: 5060, domain: address, isTransportFixed: false };
}

/** Attempts that write down what becomes of them. */
function rig(
  destinations: readonly Destination[],
  { unreachable = [], isLastWatched = false }: { unreachable?: Destination[]; isLastWatched?: boolean } = {},
) {
  const said: string[] = [];
  const attempts = new EndpointAttempts({
    locator: {
      noteFailure: ({ address }) => said.push(`${address} failed`),
      noteSuccess: ({ address }) => said.push(`${address} succeeded`),
    },
    patienceMs: 6000,
    isLastWatched,
    timer: () => ({
      isRunning: false,
      start: (delay) => said.push(`wait ${delay}`),
      stop: () => said.push("stop"),
    }),
    send: ({ destination, isFallback }) => {
      if (unreachable.includes(destination)) return false;
      said.push(`to ${destination.address}${isFallback ? " as fallback" : ""}`);
      return true;
    },
    onSilence: () => {},
  }, destinations);
  return { attempts, taken: () => said.splice(0) };
}

Deno.test("Endpoints are tried in their order, without those that no transport reaches", () => {
  const { attempts, taken } = rig([A, B, C], { unreachable: [B] });
  assert.equal(attempts.next(), true);
  assert.deepEqual(taken(), ["to 192.0.2.1", "wait 6000"]);
  assert.equal(attempts.next(), true);
  assert.deepEqual(taken(), ["to 192.0.2.3"]);
  assert.equal(attempts.next(), false);
});

Deno.test("The last endpoint may be silent, unless it is watched", () => {
  const patient = rig([A]);
  patient.attempts.next();
  assert.deepEqual(patient.taken(), ["to 192.0.2.1"]);
  const watched = rig([A], { isLastWatched: true });
  watched.attempts.next();
  assert.deepEqual(watched.taken(), ["to 192.0.2.1", "wait 6000"]);
});

Deno.test("Success and failure stop the waiting, and are reported to the locator", () => {
  const { attempts, taken } = rig([A, B]);
  attempts.next();
  taken();
  attempts.fail({ destination: A, isFallback: false });
  attempts.succeed({ destination: B, isFallback: false });
  assert.deepEqual(taken(), ["stop", "192.0.2.1 failed", "stop", "192.0.2.2 succeeded"]);
});

Deno.test("A fallback comes before other endpoints, and is dropped when the endpoint has refused", () => {
  const { attempts, taken } = rig([A, B]);
  attempts.addFallback(C);
  attempts.next();
  assert.deepEqual(taken(), ["to 192.0.2.3 as fallback", "wait 6000"]);
  attempts.addFallback(C);
  attempts.dropFallbacks();
  attempts.next();
  assert.deepEqual(taken(), ["to 192.0.2.1", "wait 6000"]);
});
