// Kamailio from Debian with tests/bench/kamailio.cfg: two workers, users and bindings in memory.

import { join } from "node:path";
import { ha1, subscribers } from "../load/subscribers.ts";
import type { ConnectionProtocol } from "../load/phone_connection.ts";
import { RunningProcess } from "../process/running_process.ts";
import { freePort } from "../process/local_port.ts";
import { type BenchedSystem, whenServing } from "./benched_system.ts";
import { makeCertificate } from "./certificate.ts";

export interface KamailioOptions {
  /** An empty directory for its users' table and sockets. */
  readonly directory: string;
  /** How many subscribers it knows. */
  readonly users: number;
  /** What phones connect by, beside UDP. */
  readonly protocol?: ConnectionProtocol;
  /** `default`: as Debian ships it (q_malloc with checks); `fast`: f_malloc, for those who tune it. */
  readonly allocator: "default" | "fast";
}

// Megabytes of shared memory: at a few thousand calls a second, transactions that linger for seconds need more than the 64 of Debian.
const SHARED_MEMORY = 1024;
const RECEIVE_BUFFER = 4194304;

export async function startKamailio(options: KamailioOptions): Promise<BenchedSystem> {
  const { directory, users, protocol, allocator } = options;
  await writeUsersTable(directory, users);
  const name = allocator === "fast" ? "kamailio-fm" : "kamailio";
  const port = freePort();
  const connectionPort = protocol && freePort();
  const process = new RunningProcess({
    path: "kamailio",
    args: [
      ...["-f", join(import.meta.dirname!, "../kamailio.cfg")],
      ...["-DD", "-E"], // stay in the foreground, log to stderr
      ...["-m", String(SHARED_MEMORY)],
      ...["-b", String(RECEIVE_BUFFER)],
      ...allocator === "fast" ? ["-x", "fm", "-X", "fm"] : [],
      ...["-w", directory, "-Y", directory],
      ...["-A", `LISTEN_ADDRESS=udp:127.0.0.1:${port}`],
      ...["-A", `USERS_TABLE="text://${directory}"`],
      ...connectionPort ? await connectionArgs(directory, protocol, connectionPort) : [],
    ],
  });
  return await whenServing({ name, process, port, connectionPort });
}

async function connectionArgs(
  directory: string,
  protocol: ConnectionProtocol,
  port: number,
): Promise<string[]> {
  const address = `${protocol === "tls" ? "tls" : "tcp"}:127.0.0.1:${port}`;
  const words = [`CONNECTION_ADDRESS=${address}`];
  if (protocol === "ws") words.push("WITH_WEBSOCKET");
  if (protocol === "tls") {
    const { key, certificate } = await makeCertificate(directory);
    words.push(`KEY="${key}"`, `CERTIFICATE="${certificate}"`);
  }
  return words.flatMap((word) => ["-A", word]);
}

/** The tables htable reads through db_text: https://kamailio.org/docs/modules/5.6.x/modules/htable.html §2.3. */
async function writeUsersTable(directory: string, count: number): Promise<void> {
  const rows = subscribers(count).map((user, index) => `${index + 1}:${user}:0:0:${ha1(user)}:0`);
  const columns = "id(int) key_name(string) key_type(int) value_type(int) key_value(string) expires(int)";
  await Deno.writeTextFile(
    join(directory, "version"),
    "table_name(string) table_version(int)\nversion:1\nusers:2\n",
  );
  await Deno.writeTextFile(join(directory, "users"), [columns, ...rows, ""].join("\n"));
}
