import assert from "node:assert/strict";
import { redacted, unredacted } from "../../../src/config/shown_configuration.ts";

Deno.test("properties with secrets are shown without them, wherever they are", () => {
  const document = {
    spec: {
      restService: { salt: "s3cr3t", saltFile: "/etc/salt", keyStorePassword: "s3cr3t", initialApiSecret: 5 },
      securityContext: { certificates: [{ password: "s3cr3t" }] },
      ex_kafka: { saslJaasConfig: "s3cr3t" },
      dataSource: { parameters: { secret: "s3cr3t", host: "redis" } },
    },
  };
  assert.deepEqual(redacted(document), {
    spec: {
      restService: {
        salt: "********",
        saltFile: "/etc/salt",
        keyStorePassword: "********",
        initialApiSecret: "********",
      },
      securityContext: { certificates: [{ password: "********" }] },
      ex_kafka: { saslJaasConfig: "********" },
      dataSource: { parameters: { secret: "********", host: "redis" } },
    },
  });
});

Deno.test("parameters in one text are shown without secrets", () => {
  const table = [
    ["host=localhost,secret=s3c=r3t,port=6379", "host=localhost,secret=********,port=6379"],
    [" Secret = s3cr3t", " Secret =********"],
    [
      "baseUrl=https://a.example,username=u,secret=s3cr3t",
      "baseUrl=https://a.example,username=u,secret=********",
    ],
  ];
  for (const [parameters, shown] of table) {
    assert.deepEqual(redacted({ parameters }), { parameters: shown });
  }
});

Deno.test("URLs are shown without a password, whatever it is made of", () => {
  const table = [
    ["redis://:s3cr3t@localhost:6379/1", "redis://localhost:6379/1"],
    ["redis://user:s3/cr 3t@localhost", "redis://localhost"],
    ["redis://:s3\ncr3t@localhost", "redis://localhost"],
    ["https://user:s3@cr3t@example.com/api", "https://example.com/api"],
    ["https://example.com/api", "https://example.com/api"],
  ];
  for (const [url, shown] of table) assert.deepEqual(redacted({ url }), { url: shown });
});

Deno.test("nothing is shown as null", () => {
  assert.equal(redacted(undefined), null);
});

Deno.test("what comes back as it was shown is as it was; what is new stays new", () => {
  const document = {
    url: "redis://:s3cr3t@localhost",
    salt: "s3cr3t",
    certificates: [{ password: "s3cr3t", path: "a" }, { password: "other", path: "b" }],
  };
  assert.deepEqual(unredacted(document, redacted(document)), document);
  assert.deepEqual(
    unredacted(document, { salt: "new", certificates: [{ password: "********", path: "c" }], port: 1 }),
    { salt: "new", certificates: [{ password: "s3cr3t", path: "c" }], port: 1 },
  );
});

Deno.test("what was hidden though the document does not have it is left out", () => {
  assert.deepEqual(unredacted({}, { keyStorePassword: "********", userAgent: "********" }), {
    userAgent: "********",
  });
});
