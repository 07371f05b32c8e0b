import assert from "node:assert/strict";
import { processEnvironment } from "../../../src/config/process_environment.ts";
import { variableNames } from "../../../src/config/environment.ts";

Deno.test("the whole environment, where it may be read", () => {
  Deno.env.set("NOT_OF_ROUTR", "x");
  try {
    assert.equal(processEnvironment().NOT_OF_ROUTR, "x");
  } finally {
    Deno.env.delete("NOT_OF_ROUTR");
  }
});

Deno.test({
  name: "the known names that may be read, where some may not",
  permissions: { env: ["ROUTR_*", "HOME"] },
  fn() {
    Deno.env.set("ROUTR_EXTERN_ADDR", "203.0.113.7");
    try {
      const environment = processEnvironment();
      assert.equal(environment.ROUTR_EXTERN_ADDR, "203.0.113.7");
      assert.equal(environment.EXTERN_ADDR, undefined);
      assert.equal(environment.PATH, undefined);
      assert.equal(environment.HOME, Deno.env.get("HOME"));
    } finally {
      Deno.env.delete("ROUTR_EXTERN_ADDR");
    }
  },
});

Deno.test("each name once, with and without prefix", () => {
  const names = variableNames();
  assert.equal(new Set(names).size, names.length);
  for (
    const name of [
      "SALT",
      "ROUTR_SALT",
      "SIPIO_SALT",
      "ROUTR_STATE_DIR",
      "CONFIG_PATH",
      "LOG_LEVEL",
      "ARKE_SALT",
    ]
  ) {
    assert.ok(names.includes(name), name);
  }
});
