import assert from "node:assert/strict";
import { isSampleSecret, isWeakSecret } from "../../../src/data/secret_strength.ts";

const isWeak = (secret: string, username = "1001") => isWeakSecret({ username, secret });

Deno.test("secrets of fewer than 8 characters, or 10 digits, are weak", () => {
  for (const secret of ["", "a", "k3jd9sk", "83920174", "839201746"]) assert.ok(isWeak(secret), secret);
  for (const secret of ["k3jd9skq", "8392017465"]) assert.ok(!isWeak(secret), secret);
});

Deno.test("secrets made of the username are weak", () => {
  const made = [
    "Ann-Marie",
    "eiram-nna",
    "ann-marie2024",
    "99ann-marie!",
    "ann-marieann-marie",
    "ann-mariEEIRAM-NNA",
  ];
  for (const secret of made) assert.ok(isWeak(secret, "ann-marie"), secret);
  for (const secret of ["ann-marie-rides", "my-ann-marie", "k3jd9skq"]) {
    assert.ok(!isWeak(secret, "ann-marie"), secret);
  }
  for (const secret of ["1001100110", "1001839201", "9991001999"]) assert.ok(isWeak(secret, "1001"), secret);
  assert.ok(!isWeak("k3jd9skq", ""));
});

Deno.test("common words are weak, with digits and punctuation around them too", () => {
  const common = [
    "changeit",
    "changeme1",
    "Password!",
    "password123",
    "12secret34",
    "qwertz2024",
    "__admin__",
  ];
  for (const secret of common) assert.ok(isWeak(secret), secret);
  assert.ok(!isWeak("passwords-of-mine"));
});

Deno.test("sequences are weak", () => {
  for (const secret of ["1234567890", "0987654321", "4567890123", "aaaaaaaa", "0000000000", "abcdefgh"]) {
    assert.ok(isWeak(secret), secret);
  }
  assert.ok(!isWeak("1234567891"));
  assert.ok(!isWeak("9081726354"));
});

Deno.test("the secrets of all samples are known", () => {
  for (const secret of ["1234", "changeit", "changeme", "astsecret", "yoursecret"]) {
    assert.ok(isSampleSecret(secret), secret);
  }
  assert.ok(!isSampleSecret("12345"));
});
