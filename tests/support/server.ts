/** A whole server in this process, on real sockets of 127.0.0.1 and free ports. */
import { configurationSchema } from "../../src/config/configuration.ts";
import { MemoryDirectory } from "../../src/data/directory.ts";
import type { Resource } from "../../src/data/resource.ts";
import { configureLogging } from "../../src/runtime/log.ts";
import { Server } from "../../src/appliance/server.ts";
import type { ServerOptions } from "../../src/appliance/signalling/foundation.ts";

/** The resources and the configuration of the server. */
export interface TestServerOptions {
  readonly domains: readonly string[];
  readonly agents: readonly { username: string; secret: string; domain: string; maxContacts?: number }[];
  /** Properties of `spec`. */
  readonly spec?: Readonly<Record<string, unknown>>;
  /** Clock, timers, look-ups, transports. */
  readonly parts?: Partial<ServerOptions>;
}

/** A running server. */
export interface TestServer {
  readonly server: Server;
  readonly udpPort: number;
  readonly tcpPort: number;
  stop(): Promise<void>;
}

/** Starts a server on a free UDP and a free TCP port. Nothing is logged. */
export async function startTestServer(options: TestServerOptions): Promise<TestServer> {
  configureLogging({ level: "error", format: "text" });
  const directory = new MemoryDirectory();
  directory.replace(resourcesOf(options));
  const configuration = configurationSchema.parse({
    apiVersion: "v1beta1",
    spec: {
      bindAddr: "127.0.0.1",
      transport: [{ protocol: "udp", port: 0 }, { protocol: "tcp", port: 0 }],
      ...options.spec,
    },
  });
  const server = new Server({ configuration, directory, ...options.parts });
  const failed = await server.start();
  if (failed.length > 0) throw new Error(`Cannot start the test server: ${failed[0].reason}`);
  const portOf = (protocol: string) => server.transports.find((one) => one.protocol === protocol)?.port ?? 0;
  return { server, udpPort: portOf("udp"), tcpPort: portOf("tcp"), stop: () => server.stop() };
}

function resourcesOf({ domains, agents }: TestServerOptions): Resource[] {
  return [
    ...domains.map((domainUri) =>
      ({ kind: "Domain", ref: `dm-${domainUri}`, name: domainUri, domainUri }) as Resource
    ),
    ...agents.map(({ username, secret, domain, maxContacts }) => ({
      kind: "Agent" as const,
      ref: `ag-${username}-${domain}`,
      name: username,
      username,
      secret,
      domains: [domain],
      ha1: [],
      privacy: "none" as const,
      maxContacts,
    })),
  ];
}
