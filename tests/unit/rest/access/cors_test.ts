import assert from "node:assert/strict";
import { configurationSchema } from "../../../../src/config/configuration.ts";
import { corsHeaders } from "../../../../src/rest/access/cors.ts";

const CONSOLE = "https://console.example.com";
const EXPOSED = { "access-control-expose-headers": "ETag, Location, Retry-After" };

function request(
  headers: Record<string, string>,
  { method = "GET", path = "/api/v1beta1/agents" } = {},
): Request {
  return new Request(`https://localhost:4567${path}`, { method, headers });
}

Deno.test("every origin may read the API, without credentials of its browser", () => {
  for (const headers of [{}, { origin: "https://elsewhere.example" }, { origin: "null" }]) {
    assert.deepEqual(corsHeaders(request(headers as Record<string, string>), []), {
      "access-control-allow-origin": "*",
      ...EXPOSED,
    });
  }
});

Deno.test("credentials are for the given origins only, and caches keep them apart", () => {
  assert.deepEqual(corsHeaders(request({ origin: CONSOLE }), [CONSOLE]), {
    "access-control-allow-origin": CONSOLE,
    "access-control-allow-credentials": "true",
    vary: "Origin",
    ...EXPOSED,
  });
  const others = [
    "null",
    `${CONSOLE}.evil.example`,
    "http://console.example.com",
    `${CONSOLE}:8443`,
    "example.com",
  ];
  for (const origin of others) {
    assert.deepEqual(corsHeaders(request({ origin }), [CONSOLE]), {
      "access-control-allow-origin": "*",
      vary: "Origin",
      ...EXPOSED,
    });
  }
});

Deno.test("a preflight is allowed what it asks for", () => {
  const headers = corsHeaders(
    request({
      origin: "https://elsewhere.example",
      "access-control-request-method": "PUT",
      "access-control-request-headers": "authorization, content-type",
    }, { method: "OPTIONS" }),
    [CONSOLE],
  );
  assert.equal(headers["access-control-allow-origin"], "*");
  assert.equal(headers["access-control-allow-credentials"], undefined);
  assert.equal(headers["access-control-allow-methods"], "PUT");
  assert.equal(headers["access-control-allow-headers"], "authorization, content-type");
});

Deno.test("OPTIONS without questions names the methods that there are", () => {
  const headers = corsHeaders(request({}, { method: "OPTIONS" }), []);
  assert.equal(headers["access-control-allow-methods"], "GET, HEAD, POST, PUT, DELETE, OPTIONS");
  assert.equal("access-control-allow-headers" in headers, false);
});

Deno.test("only the API and its description are for pages of other origins", () => {
  for (const path of ["/metrics", "/healthz", "/readyz", "/", "/api", "/apis"]) {
    assert.deepEqual(corsHeaders(request({ origin: CONSOLE }, { path }), [CONSOLE]), {}, path);
  }
  for (const path of ["/api/v1beta1/token", "/api/openapi.json", "/api/v1beta1/nothing"]) {
    assert.ok(corsHeaders(request({}, { path }), [])["access-control-allow-origin"], path);
  }
});

Deno.test("spec.restService.corsOrigins are read as browsers write them, and nothing else is taken", () => {
  const read = (corsOrigins: unknown) =>
    configurationSchema.safeParse({ apiVersion: "v1beta1", spec: { restService: { corsOrigins } } });
  const written = ["HTTPS://Console.Example.com:443/", "http://[::1]:8080"];
  assert.deepEqual(read(written).data?.restService.corsOrigins, [CONSOLE, "http://[::1]:8080"]);
  assert.deepEqual(read(CONSOLE).data?.restService.corsOrigins, [CONSOLE]);
  for (
    const origin of [
      "*",
      "null",
      "console.example.com",
      `${CONSOLE}/app`,
      "https://*.example.com",
      "https://a b",
      7,
    ]
  ) {
    assert.equal(read([origin]).success, false, String(origin));
  }
});
