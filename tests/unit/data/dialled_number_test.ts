import assert from "node:assert/strict";
import { didOfUser, globalNumber } from "../../../src/data/dialled_number.ts";
import { MemoryDirectory } from "../../../src/data/directory.ts";
import { did } from "../../support/resources.ts";
import { readResource } from "../../support/scenario.ts";

const directory = new MemoryDirectory();
const location = { gwRef: "GW0001", telUrl: "tel:+1(706)604-1487", aorLink: "sip:1001@sip.local" };
directory.replace([readResource(did("DID0001", location))]);

Deno.test("a number is found in every spelling", () => {
  for (const user of ["17066041487", "+17066041487", "+1(706)604-1487", "1.706.604.1487;phone-context=x"]) {
    assert.equal(didOfUser(directory, user)?.digits, "17066041487", user);
  }
});

Deno.test("what is no number, or another one, is not found", () => {
  const users = ["", ";", "+", "1706604148", "a17066041487", "17066041487a", "1706+6041487", "17066041487#"];
  for (const user of [...users, `17066041487${"-".repeat(100)}`, "1".repeat(1_000_000)]) {
    assert.equal(didOfUser(directory, user), undefined, user.slice(0, 40));
  }
});

Deno.test("globalNumber(): what has a country code, however it is written", () => {
  const table: [user: string, number: string | undefined][] = [
    ["17066041487", "+17066041487"],
    ["+1 706", undefined],
    ["1-(706)-604.1487", "+17066041487"],
    ["+1-706-604-1487", "+17066041487"],
    ["0017066041487", "+17066041487"],
    ["+4512345678", "+4512345678"],
    ["7066041487", undefined],
    ["07066041487", undefined],
    ["1001", undefined],
    ["+1001", undefined],
    ["+01234567890", undefined],
    ["1234567890123456", undefined],
    ["+".repeat(100), undefined],
    ["alice", undefined],
    ["", undefined],
  ];
  for (const [user, number] of table) assert.equal(globalNumber(user), number, user);
});
