import assert from "node:assert/strict";
import { AddressQuota } from "../../../../src/runtime/ip/address_quota.ts";

Deno.test("An address has its quota, whatever others have", () => {
  const quota = new AddressQuota(2);
  assert.deepEqual([quota.take("192.0.2.1"), quota.take("192.0.2.1"), quota.take("192.0.2.1")], [
    true,
    true,
    false,
  ]);
  assert.equal(quota.take("192.0.2.2"), true);
  quota.release("192.0.2.1");
  assert.equal(quota.isFull("192.0.2.1"), false);
  assert.equal(quota.take("192.0.2.1"), true);
});

Deno.test("64 bits of IPv6 count as one address, mapped IPv4 addresses do not", () => {
  const quota = new AddressQuota(1);
  assert.equal(quota.take("[2001:db8::1]"), true);
  assert.equal(quota.take("[2001:db8:0:0:ffff::2]"), false);
  assert.equal(quota.take("[2001:db8:0:1::1]"), true);
  assert.equal(quota.take("[::ffff:c000:201]"), true);
  assert.equal(quota.take("[::ffff:c000:202]"), true);
});

Deno.test("What was added beyond the quota has to be released as well", () => {
  const quota = new AddressQuota(1);
  quota.add("192.0.2.1");
  quota.add("192.0.2.1");
  quota.release("192.0.2.1");
  assert.equal(quota.isFull("192.0.2.1"), true);
  quota.release("192.0.2.1");
  assert.equal(quota.isFull("192.0.2.1"), false);
});
