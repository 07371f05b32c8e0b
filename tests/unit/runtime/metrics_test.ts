import assert from "node:assert/strict";
import { Metrics } from "../../../src/runtime/metrics.ts";

Deno.test("Metrics: a counter is made once and grows where it is used", () => {
  const metrics = new Metrics();
  const counter = metrics.counter("routr_requests_total", "Requests received");
  counter.value++;
  metrics.counter("routr_requests_total", "said otherwise elsewhere").value += 2;
  assert.deepEqual({ ...counter }, { name: "routr_requests_total", help: "Requests received", value: 3 });
});

Deno.test("Metrics: snapshot() has every counter, and every gauge as it is now", () => {
  const metrics = new Metrics();
  let bindings = 1;
  metrics.counter("routr_requests_total", "");
  metrics.gauge("routr_bindings", "", () => bindings);
  assert.deepEqual(metrics.snapshot(), { routr_requests_total: 0, routr_bindings: 1 });
  bindings = 7;
  metrics.counter("routr_requests_total", "").value = 4;
  assert.deepEqual(metrics.snapshot(), { routr_requests_total: 4, routr_bindings: 7 });
});

Deno.test("Metrics: a gauge of the same name takes the place of the former", () => {
  const metrics = new Metrics();
  metrics.gauge("routr_bindings", "", () => 1);
  metrics.gauge("routr_bindings", "", () => 2);
  assert.deepEqual(metrics.snapshot(), { routr_bindings: 2 });
});

Deno.test("Metrics: two servers in one process do not share numbers", () => {
  const [one, other] = [new Metrics(), new Metrics()];
  one.counter("routr_requests_total", "").value = 5;
  assert.equal(other.counter("routr_requests_total", "").value, 0);
});
