// SCTP, which the host's kernel may not have: these tests run in a guest that has it. `sctp/guest.ts` says how.

import { testInGuest } from "./sctp/test_in_guest.ts";

Deno.test("SCTP: the transport keeps the contract of transports, and notices an association that is aborted", async () => {
  await testInGuest("tests/peers/sctp/contract.ts");
});

Deno.test("SCTP: SIPp calls SIPp from SCTP to SCTP, UDP and TCP and back, on IPv4 and IPv6", async () => {
  await testInGuest("tests/peers/sctp/calls.ts");
});

Deno.test("SCTP: phones call by SCTP from and to every other transport", async () => {
  await testInGuest("tests/peers/transport_matrix_test.ts");
});
