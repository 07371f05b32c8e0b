import type { ServiceAccess } from "./access.ts";
import type { ApiClient } from "./api_client.ts";
import type { ClientCommand } from "./client_command.ts";
import type { Terminal } from "./terminal.ts";

/** What a command that asks the service works with. */
export interface CommandContext {
  readonly command: ClientCommand;
  readonly client: ApiClient;
  readonly access: ServiceAccess;
  readonly terminal: Terminal;
}
