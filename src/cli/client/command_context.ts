import type { ApiClient, ServiceAccess } from "./api_client.ts";
import type { ClientCommand } from "./client_command.ts";
import type { Terminal } from "./terminal.ts";

/** The tools of a command that asks the service. */
export interface CommandContext {
  readonly command: ClientCommand;
  readonly client: ApiClient;
  readonly access: ServiceAccess;
  readonly terminal: Terminal;
}
