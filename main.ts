/** Entry of routr: reads the command line and runs one command. */
import "./src/runtime/library_variables.ts";
import { dirname } from "node:path";
import manifest from "./deno.json" with { type: "json" };
import { check } from "./src/cli/check.ts";
import { type Command, readCommandLine } from "./src/cli/command_line.ts";
import { completionScript } from "./src/cli/completion.ts";
import { init } from "./src/cli/init.ts";
import { schema } from "./src/cli/schema.ts";
import { processEnvironment } from "./src/config/process_environment.ts";
import { start } from "./src/appliance/start.ts";

/** Runs a command and resolves with the exit code. */
async function run(command: Command): Promise<number> {
  const context = { env: processEnvironment(), executableDirectory: dirname(Deno.execPath()) };
  switch (command.kind) {
    case "start":
      return await start({ ...context, directory: command.directory, version: manifest.version });
    case "check":
      return await check({ ...context, directory: command.directory });
    case "init":
      return await init(command.directory);
    case "schema":
      return schema(command.of);
    case "client": {
      // Loaded for the client only.
      const { runClient } = await import("./src/cli/client/client.ts");
      return await runClient(command, context);
    }
    case "version":
      console.log(`routr ${manifest.version}`);
      return 0;
    case "help":
      console.log(command.text);
      return 0;
    case "completion":
      console.log(completionScript(command.shell).trimEnd());
      return 0;
    case "mistake":
      console.error(`routr: ${command.message}\nSee: routr help`);
      return 2;
  }
}

if (import.meta.main) Deno.exit(await run(readCommandLine(Deno.args)));
